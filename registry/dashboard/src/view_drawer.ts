// Drawer: not built yet.
import type { Mount } from "./view.ts";

export const mountDrawer: Mount = () => () => {};

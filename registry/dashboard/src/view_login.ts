// Login: not built yet.
import type { Mount } from "./view.ts";

export const mountLogin: Mount = () => () => {};

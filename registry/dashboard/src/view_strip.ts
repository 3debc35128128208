// The status strip: the fleet in eight readings.
import type { Mount } from "./view.ts";

export const mountStrip: Mount = () => () => {};

// Events: not built yet.
import { h } from "./dom.ts";
import type { Mount } from "./view.ts";

export const mountEvents: Mount = (root) => {
	root.append(h("p", {}, "Not built yet."));
	return () => {};
};

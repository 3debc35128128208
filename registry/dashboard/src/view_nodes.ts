// Nodes: not built yet.
import { h } from "./dom.ts";
import type { Mount } from "./view.ts";

export const mountNodes: Mount = (root) => {
	root.append(h("p", {}, "Not built yet."));
	return () => {};
};

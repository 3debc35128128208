// The overview: map, regions, coverage.
import { h } from "./dom.ts";
import type { Mount } from "./view.ts";

export const mountOverview: Mount = (root) => {
	root.append(h("h1", {}, "Overview"));
	return () => {};
};

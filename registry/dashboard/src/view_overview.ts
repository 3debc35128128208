// The overview: filters, map, region list, coverage; or how to begin.
import { h } from "./dom.ts";
import type { Mount } from "./view.ts";
import { mountCoverage } from "./view_coverage.ts";
import { mountEmpty } from "./view_empty.ts";
import { mountFilter } from "./view_filter.ts";
import { mountFlows } from "./view_flows.ts";
import { mountMap } from "./view_map.ts";
import { mountRegions } from "./view_regions.ts";

export const mountOverview: Mount = (root, context) => {
	const parts: [HTMLElement, Mount][] = [
		[h("section", { class: "panel empty", hidden: true, "aria-label": "First node" }), mountEmpty],
		[h("div", { class: "filter" }), mountFilter],
		[h("figure", { class: "panel map" }), mountMap],
		[h("section", { class: "panel list", "aria-label": "Regions" }), mountRegions],
		[h("section", { class: "panel wide", "aria-label": "Coverage" }), mountCoverage],
		[h("details", { class: "panel wide flows" }), mountFlows],
	];
	root.append(h("h1", { class: "unseen" }, "Overview"), ...parts.map(([part]) => part));
	const ends = parts.map(([part, mount]) => mount(part, context));
	return () => ends.forEach((end) => end());
};

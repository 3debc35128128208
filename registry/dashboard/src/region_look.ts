// How a region's state looks: never by colour alone, always with a shape and
// a word.
import { s } from "./dom.ts";
import { ratio } from "./format.ts";
import type { Region, RegionState } from "./api.ts";

export const WORDS: Record<RegionState, string> = {
	ok: "ok",
	hot: "hot",
	full: "full",
	drain: "draining",
	down: "down",
	empty: "no nodes",
};

// In a box of 10 by 10 around the origin.
const GLYPHS: Record<RegionState, string> = {
	ok: "M3.4,0A3.4,3.4 0 1 1 -3.4,0A3.4,3.4 0 1 1 3.4,0Z",
	hot: "M0,-4.4L4.6,3.6H-4.6Z",
	full: "M-3.8,-3.8H3.8V3.8H-3.8Z",
	drain: "M0,4.4L4.6,-3.6H-4.6Z",
	down: "M-4,-2.6L-2.6,-4L0,-1.4L2.6,-4L4,-2.6L1.4,0L4,2.6L2.6,4L0,1.4L-2.6,4L-4,2.6L-1.4,0Z",
	empty: "M4,0A4,4 0 1 1 -4,0A4,4 0 1 1 4,0ZM2.4,0A2.4,2.4 0 1 0 -2.4,0A2.4,2.4 0 1 0 2.4,0Z",
};

export function glyph(state: RegionState): string {
	return GLYPHS[state] ?? GLYPHS.empty;
}

/** A small picture of the state, for beside its word. */
export function icon(state: RegionState): SVGSVGElement {
	return s("svg", { class: "glyph", viewBox: "-5 -5 10 10", "aria-hidden": "true" },
		s("path", { d: glyph(state) }));
}

/** Part of the connections that the region can hold, 0..1, or null. */
export function utilisation(region: Region): number | null {
	return ratio(region.conns, region.capacity);
}

/** Regions in the order of every list: by title; numbers on the map follow. */
export function inOrder(regions: Region[]): Region[] {
	return [...regions].sort((a, b) =>
		(a.title || a.id).localeCompare(b.title || b.id) || (a.id < b.id ? -1 : 1));
}

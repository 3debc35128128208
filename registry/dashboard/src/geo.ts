// Where things are on the map: projection, outlines, great circles, the night.
// Pure: degrees and pixels in, path strings out.
import { geoEqualEarth, geoStream } from "d3-geo";
import type { GeoPermissibleObjects, GeoProjection } from "d3-geo";

export type Point = [number, number];

/** What the map shows: from the south of the Americas to the north cape. */
const SOUTH = -55;
const NORTH = 78;
// Eleven degrees east in the middle: no continent is cut in two.
const ROTATE: Point = [-11, 0];

export const PARALLELS = [60, 30, 0, -30];
/** Just inside of where the map is cut. */
const EDGES = [-168.99, 190.99];
const RAD = Math.PI / 180;

export interface Chart {
	width: number;
	height: number;
	projection: GeoProjection;
}

/** Length of the equator on the map of the unit sphere. */
const EQUATOR = 5.41326;

/** Where there is little room the empty Pacific is cut off. */
export const NARROW = 600;

/** chart - the world in `width` pixels, poles cut off. */
export function chart(width: number): Chart {
	const projection = geoEqualEarth().rotate(ROTATE).precision(0.4);
	const full = width < NARROW ? width * 1.13 : width;
	projection.scale(full / EQUATOR).translate([width / 2, 0]);
	const top = projection([11, NORTH])![1];
	const height = Math.round(projection([11, SOUTH])![1] - top);
	projection.translate([width / 2, -top]);
	return { width, height, projection };
}

/** outline - any GeoJSON as an SVG path, in tenths of a pixel. */
export function outline(projection: GeoProjection, what: GeoPermissibleObjects): string {
	let path = "";
	let command = "M";
	let ring = false;
	geoStream(what, projection.stream({
		point: (x, y) => {
			path += `${command}${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
			command = "L";
		},
		lineStart: () => { command = "M"; },
		lineEnd: () => { if (ring) path += "Z"; },
		polygonStart: () => { ring = true; },
		polygonEnd: () => { ring = false; },
	}));
	return path;
}

/** arc - the shortest way over the earth, degrees as [lon, lat]. */
export function arc(projection: GeoProjection, from: Point, to: Point): string {
	return outline(projection, { type: "LineString", coordinates: [from, to] });
}

/** Meridians each 30 degrees; parallels are level lines in this projection. */
export function graticule(projection: GeoProjection): string {
	const meridians = Array.from({ length: 12 }, (_, index) => index * 30 - 180)
		.map((lon): Point[] => [[lon, -80], [lon, 0], [lon, 80]]);
	const parallels = PARALLELS.map((lat) => {
		const [left, right] = EDGES.map((lon) => projection([lon, lat])!);
		return `M${left![0].toFixed(1)},${left![1].toFixed(1)}H${right![0].toFixed(1)}`;
	});
	return outline(projection, { type: "MultiLineString", coordinates: meridians })
		+ parallels.join("");
}

/** sun - where the sun stands in the zenith, [lon, lat]; good to a degree. */
export function sun(wall_ms: number): Point {
	const days = wall_ms / 86400000 - 10957.5; // since noon of 1 January 2000
	const anomaly = (357.53 + 0.9856003 * days) * RAD;
	const length = (280.46 + 0.9856474 * days) * RAD
		+ (1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * RAD;
	const lat = Math.asin(0.39777 * Math.sin(length)) / RAD;
	const ascension = Math.atan2(0.91748 * Math.sin(length), Math.cos(length)) / RAD;
	const sidereal = 280.46062 + 360.98564737 * days;
	const lon = (((ascension - sidereal) % 360) + 540) % 360 - 180;
	return [lon < -180 ? lon + 360 : lon, lat];
}

/** night - the half of the earth that the sun does not see. */
export function night(projection: GeoProjection, [lon, lat]: Point): string {
	const rim = Array.from({ length: 73 }, (_, index): Point => {
		const turn = -index * 5 * RAD;
		const north = Math.cos(turn) * Math.cos(lat * RAD);
		const east = Math.sin(turn);
		const out = -Math.cos(turn) * Math.sin(lat * RAD);
		return [lon + Math.atan2(east, out) / RAD, Math.asin(north) / RAD];
	});
	return outline(projection, { type: "Polygon", coordinates: [rim] });
}

export interface Disc {
	/** Where it belongs, and where it is drawn, in pixels. */
	at: Point;
	x: number;
	y: number;
	r: number;
}

/**
 * spread - move discs apart until none covers another, each as near to its
 * place as the others let it. The same discs always end at the same places.
 */
export function spread(discs: Disc[], width: number, height: number): void {
	for (let round = 0; round < 120; round++) {
		for (const disc of discs) {
			disc.x += (disc.at[0] - disc.x) * 0.06;
			disc.y += (disc.at[1] - disc.y) * 0.06;
		}
		for (let i = 0; i < discs.length; i++)
			for (let j = i + 1; j < discs.length; j++) part(discs[i]!, discs[j]!, i + j);
		for (const disc of discs) {
			disc.x = Math.max(disc.r, Math.min(width - disc.r, disc.x));
			disc.y = Math.max(disc.r, Math.min(height - disc.r, disc.y));
		}
	}
}

function part(a: Disc, b: Disc, seed: number): void {
	let dx = b.x - a.x;
	let dy = b.y - a.y;
	const wanted = a.r + b.r + 3;
	let apart = Math.hypot(dx, dy);
	if (apart >= wanted) return;
	if (apart < 0.01) {
		dx = Math.cos(seed);
		dy = Math.sin(seed);
		apart = 1;
	}
	const push = (wanted - apart) / apart / 2;
	a.x -= dx * push;
	a.y -= dy * push;
	b.x += dx * push;
	b.y += dy * push;
}

export interface Label {
	/** Left end of the text's baseline. */
	x: number;
	y: number;
}

/**
 * labels - a place for each disc's text (of `widths[i]` by `line` pixels) that
 * covers no disc and no other text; null where there is none. `taken` is what
 * must not be covered either; boxes are [left, top, right, bottom].
 */
export function labels(
	discs: Disc[], widths: number[], line: number, { width, height }: Chart,
	taken: number[][],
): (Label | null)[] {
	return discs.map(({ x, y, r }, index) => {
		const w = widths[index]!;
		if (!w) return null;
		for (const [dx, dy] of AROUND) {
			const middle = dx ? 0 : -w / 2;
			const left = x + (dx > 0 ? dx * r + 4 : dx < 0 ? dx * r - 4 - w : middle);
			const top = y + dy * (r + line / 2 + 1) - line / 2;
			const box = [left, top, left + w, top + line];
			const free = left >= 0 && box[2]! <= width && top >= 0 && box[3]! <= height
				&& !taken.some((other) => box[0]! < other[2]! && box[2]! > other[0]!
					&& box[1]! < other[3]! && box[3]! > other[1]!);
			if (!free) continue;
			taken.push(box);
			return { x: left, y: top + line };
		}
		return null;
	});
}

/** Where a text may stand about its disc: beside it, above, below, corners. */
const AROUND: Point[] = [
	[1, 0], [-1, 0], [0, 1], [0, -1],
	[0.8, 0.6], [-0.8, 0.6], [0.8, -0.6], [-0.8, -0.6],
];

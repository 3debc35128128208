// The map: regions as marks, demand as great circles towards them. Drawn anew
// when its width changes; a second's update only moves numbers.
import { feature } from "topojson-client";
import type { Topology } from "topojson-specification";
import type { Region, RegionState } from "./api.ts";
import { attr, h, keyed, replace, s, text } from "./dom.ts";
import type { Child } from "./dom.ts";
import { arcs } from "./flows.ts";
import type { Arc } from "./flows.ts";
import { count, share } from "./format.ts";
import {
	arc, chart, graticule, labels, NARROW, night, outline, PARALLELS, spread, sun,
} from "./geo.ts";
import type { Chart, Disc, Label } from "./geo.ts";
import { regionShown } from "./filter.ts";
import { icon, glyph, inOrder, utilisation, WORDS } from "./region_look.ts";
import type { Context, Mount } from "./view.ts";

const RING = 4;
const MINUTE_MS = 60000;

let loading: Promise<GeoJSON.GeoJSON> | undefined;

function land(): Promise<GeoJSON.GeoJSON> {
	return (loading ??= fetch("land.json").then(async (answer) => {
		const topology: Topology = await answer.json();
		return feature(topology, topology.objects["land"]!);
	}));
}

type Place = Region & { lat: number; lon: number };

/** Regions that can be drawn, with their number in every list. */
function placed(regions: Region[]): { region: Place; number: number }[] {
	return inOrder(regions)
		.map((region, index) => ({ region: region as Place, number: index + 1 }))
		.filter(({ region }) => region.lat != null && region.lon != null);
}

/** The smallest of 1, 2, 5, 10, 20, ... that is no less than `value`. */
function round(value: number): number {
	const power = 10 ** Math.floor(Math.log10(Math.max(value, 10)));
	return power * ([1, 2, 5].find((step) => step * power >= value) ?? 10);
}

/** What is written beside a mark: the state too, where someone may act. */
function title({ title, id, state }: Region): string {
	return (title || id) + (state === "ok" || state === "empty" ? "" : ` · ${WORDS[state]}`);
}

function key(name: string, meaning: Child): Element {
	return h("span", { class: "key" }, h("i", { class: name }), meaning);
}

class WorldMap {
	#svg = s("svg", { role: "group", "aria-label": "Map of the regions" });
	#ground = s("g", { "aria-hidden": "true" });
	#shade = s("path", { class: "night", "aria-hidden": "true" });
	#sun = s("circle", { class: "sun", r: 4, "aria-hidden": "true" });
	#arcs = s("g", { class: "arcs", "aria-hidden": "true" });
	#sources = s("g", { class: "sources", "aria-hidden": "true" });
	#marks = s("g", { class: "marks" });
	#size = h("span");
	#rest = h("span");
	#chart: Chart | null = null;
	#paths = new Map<string, string>();
	#arcOf = new Map<string, SVGPathElement>();
	#sourceOf = new Map<string, SVGCircleElement>();
	#markOf = new Map<string, SVGGElement>();
	#order: string[] = [];
	#layout = "";

	constructor(root: HTMLElement, private readonly context: Context) {
		this.#svg.append(this.#ground, this.#shade, this.#sun, this.#arcs,
			this.#sources, this.#marks);
		root.append(this.#svg, this.#legend());
		this.#marks.addEventListener("keydown", (event) => this.#key(event));
	}

	#legend(): Element {
		const states: RegionState[] = ["ok", "hot", "full", "drain", "down", "empty"];
		return h("figcaption", {},
			key("disc", this.#size),
			key("ring", "ring: part of the capacity"),
			key("near", "first choices"),
			key("spill", "spilled, past a nearer region"),
			states.map((state) =>
				h("span", { class: `state ${state}` }, icon(state), WORDS[state])),
			this.#rest);
	}

	/** draw - everything that depends on the width. */
	async draw(width: number): Promise<void> {
		const now = chart(width);
		this.#chart = now;
		const { height, projection } = now;
		attr(this.#svg, "viewBox", `0 0 ${width} ${height}`);
		this.#svg.classList.toggle("narrow", width < NARROW);
		const coast = s("path", { class: "land" });
		replace(this.#ground,
			s("path", { class: "sea", d: outline(projection, { type: "Sphere" }) }),
			s("path", { class: "graticule", d: graticule(projection) }),
			coast, this.#frame(now));
		this.#paths.clear();
		this.#layout = "";
		this.light();
		this.update();
		// The rest of the map does not wait for its coasts.
		const earth = await land().catch(() => null);
		if (earth) attr(coast, "d", outline(projection, earth as GeoJSON.Feature));
	}

	/** Parallels are level in this projection: a ruler on the left edge. */
	#frame({ projection, height }: Chart): Element[] {
		return PARALLELS.map((lat) => {
			const y = Math.round(projection([11, lat])![1]);
			return s("g", { class: "degree" },
				s("path", { d: `M0,${y}h6` }),
				s("text", { x: 9, y: Math.min(y + 3, height) },
					lat ? `${Math.abs(lat)}°${lat > 0 ? "N" : "S"}` : "0°"));
		});
	}

	/** light - day and night of this minute. */
	light(): void {
		if (!this.#chart) return;
		const zenith = sun(Date.now());
		attr(this.#shade, "d", night(this.#chart.projection, zenith));
		const at = this.#chart.projection(zenith)!;
		attr(this.#sun, "cx", at[0]);
		attr(this.#sun, "cy", at[1]);
	}

	update(): void {
		const { store, url } = this.context;
		if (!this.#chart || !store.state) return;
		const regions = placed(store.state.regions);
		this.#drawArcs(arcs(store.state, url), regions.map(({ region }) => region));
		this.#drawMarks(regions);
	}

	#drawArcs(all: Arc[], regions: Place[]): void {
		const { width } = this.#chart!;
		const most = width < NARROW ? 80 : 200;
		const to = new Map(regions.map((region) => [region.id, region]));
		const known = all.filter(({ region }) => to.has(region));
		const shown = known.slice(0, most);
		keyed(this.#arcs, this.#arcOf, shown, ({ key }) => key,
			({ spill }) => s("path", { class: spill ? "spill" : "near" }, s("title")),
			(path, flow) => {
				const { lat, lon } = to.get(flow.region)!;
				attr(path, "d", this.#path(flow, [lon, lat]));
				attr(path, "stroke-width",
					Math.max(0.7, Math.sqrt(flow.share) * width / 110).toFixed(1));
				text(path.firstElementChild!, `${flow.name} to ${flow.region}: `
					+ `${share(flow.share)}${flow.spill ? ", spilled" : ""}`);
			});
		this.#drawSources(shown);
		text(this.#rest, known.length > most
			? `The ${most} widest of ${known.length} flows.` : "");
	}

	#drawSources(shown: Arc[]): void {
		const { projection, width } = this.#chart!;
		const sums = new Map<string, { at: Arc; sum: number }>();
		for (const flow of shown) {
			const known = sums.get(`${flow.from}`);
			if (known) known.sum += flow.share;
			else sums.set(`${flow.from}`, { at: flow, sum: flow.share });
		}
		keyed(this.#sources, this.#sourceOf, [...sums.values()],
			({ at }) => `${at.from}`,
			() => s("circle"),
			(dot, { at, sum }) => {
				const [x, y] = projection(at.from)!;
				attr(dot, "cx", x.toFixed(1));
				attr(dot, "cy", y.toFixed(1));
				attr(dot, "r", Math.max(1.2, Math.sqrt(sum) * width / 160).toFixed(1));
			});
	}

	#path({ key, from }: Arc, to: [number, number]): string {
		const cached = `${key} ${to}`;
		let path = this.#paths.get(cached);
		if (path === undefined) {
			// Places come and go for days: the cache must not only grow.
			if (this.#paths.size > 2000) this.#paths.clear();
			path = arc(this.#chart!.projection, from, to);
			this.#paths.set(cached, path);
		}
		return path;
	}

	#drawMarks(regions: { region: Place; number: number }[]): void {
		const { width, projection } = this.#chart!;
		const narrow = width < NARROW;
		const scale = round(Math.max(...regions.map(({ region }) => region.conns)));
		const largest = Math.max(9, Math.min(26, width / 42));
		text(this.#size, `area: connections (this one ${count(scale)})`);
		const radius = (region: Region): number =>
			largest * Math.sqrt(region.conns / scale);
		const discs = regions.map(({ region }): Disc => {
			const [x, y] = projection([region.lon, region.lat])!;
			const r = Math.round(Math.max(radius(region), narrow ? 3 : 5)) + RING;
			return { at: [x, y], x, y, r };
		});
		const words = regions.map(({ region }) => narrow ? "" : title(region));
		const numbers = regions.map(({ number }) => String(number));
		this.#order = regions.map(({ region }) => region.id);
		keyed(this.#marks, this.#markOf, regions, ({ region }) => region.id,
			({ region }) => this.#mark(region.id),
			(mark, { region, number }) => this.#fill(mark, region, number, radius(region)));
		this.#place(discs, words, numbers);
		this.#roving();
	}

	/** Positions change only when a mark's size or text does: no trembling. */
	#place(discs: Disc[], words: string[], numbers: string[]): void {
		const chart = this.#chart!;
		const layout = `${this.#order} ${discs.map(({ r }) => r)} ${words} ${chart.width}`;
		if (layout === this.#layout) return;
		this.#layout = layout;
		spread(discs, chart.width, chart.height);
		const taken = discs.map(({ x, y, r }) => [x - r, y - r, x + r, y + r]);
		const wide = (texts: string[], each: number): number[] =>
			texts.map((one) => one ? one.length * each + 4 : 0);
		const full = labels(discs, wide(words, 6.5), 13, chart, taken);
		// Who has no room for the name gets the number it has in the list.
		const short = labels(discs, wide(numbers, 6).map((w, i) => (full[i] ? 0 : w)), 11, chart, taken);
		discs.forEach((disc, index) => this.#put(disc, this.#order[index]!,
			full[index] ?? short[index] ?? null,
			full[index] ? words[index]! : numbers[index]!));
	}

	#put({ at, x, y, r }: Disc, id: string, place: Label | null, words: string): void {
		const [leader, body, label] = this.#markOf.get(id)!.children as unknown as SVGElement[];
		attr(leader!, "d", `M${at[0].toFixed(1)},${at[1].toFixed(1)}L${x.toFixed(1)},${y.toFixed(1)}`);
		attr(body!, "transform", `translate(${x.toFixed(1)},${y.toFixed(1)})`);
		attr(body!.children[0]!, "r", r);
		for (const ring of [1, 2]) attr(body!.children[ring]!, "r", r - RING / 2);
		text(label!, place ? words : "");
		attr(label!, "x", place && (place.x + 2).toFixed(1));
		attr(label!, "y", place && (place.y - 2).toFixed(1));
	}

	#mark(id: string): SVGGElement {
		const { url } = this.context;
		return s("g", {
			role: "button",
			tabindex: -1,
			onclick: () => url.set({ region: url.get("region") === id ? "" : id }),
		},
			s("path", { class: "leader" }),
			s("g", {},
				s("circle", { class: "back" }),
				s("circle", { class: "track" }),
				s("circle", { class: "ring", pathLength: 100, transform: "rotate(-90)" }),
				s("circle", { class: "disc" }),
				s("path", { class: "glyph" })),
			s("text"));
	}

	#fill(mark: SVGGElement, region: Region, number: number, r: number): void {
		const { url } = this.context;
		const chosen = url.get("region");
		const used = utilisation(region);
		const [, , ring, disc, shape] = mark.children[1]!.children as unknown as SVGElement[];
		attr(mark, "class", `mark ${region.state}`
			+ (chosen && chosen !== region.id || !regionShown(region, url) ? " dim" : "")
			+ (chosen === region.id ? " on" : ""));
		attr(mark, "aria-pressed", String(chosen === region.id));
		attr(mark, "aria-label", `${title(region)}, number ${number}: `
			+ `${count(region.conns)} of ${count(region.capacity)} connections, `
			+ `${region.ready} of ${region.nodes} nodes ready`);
		attr(ring!, "stroke-dasharray", `${Math.min(100, (used ?? 0) * 100).toFixed(1)} 200`);
		attr(disc!, "r", r.toFixed(1));
		attr(shape!, "d", region.state === "ok" ? "" : glyph(region.state));
	}

	/** One tab stop for all marks; arrow keys go from one to the next. */
	#roving(): void {
		const chosen = this.context.url.get("region");
		const first = this.#markOf.has(chosen) ? chosen : this.#order[0];
		for (const [id, mark] of this.#markOf) {
			const focused = mark === document.activeElement;
			attr(mark, "tabindex", id === first || focused ? 0 : -1);
		}
	}

	#key(event: KeyboardEvent): void {
		const at = this.#order.findIndex((id) =>
			this.#markOf.get(id) === document.activeElement);
		const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
		if (event.key === "Enter" || event.key === " ")
			(document.activeElement as Element).dispatchEvent(new MouseEvent("click"));
		else if (step && at >= 0) {
			const next = this.#order.at((at + step) % this.#order.length)!;
			this.#markOf.get(next)!.focus();
		} else return;
		event.preventDefault();
	}
}

export const mountMap: Mount = (root, context) => {
	const map = new WorldMap(root, context);
	let width = 0;
	const sizes = new ResizeObserver(() => {
		const now = Math.round(root.clientWidth);
		if (!now || now === width) return;
		width = now;
		void map.draw(width);
	});
	sizes.observe(root);
	const minute = setInterval(() => map.light(), MINUTE_MS);
	const ends = [
		context.store.subscribe((change) => change.state && map.update()),
		context.url.subscribe(() => map.update()),
		() => sizes.disconnect(),
		() => clearInterval(minute),
	];
	return () => ends.forEach((end) => end());
};

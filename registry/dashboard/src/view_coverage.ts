// Coverage: where clients are, how many of them go where it costs least.
import type { Area } from "./api.ts";
import { attr, h, keyed, text } from "./dom.ts";
import { areaName, areaPlace, areaShown } from "./filter.ts";
import { km, NONE, share } from "./format.ts";
import type { Context, Mount } from "./view.ts";

const ROWS = 40;
const SORT_MS = 10000;
const REGIONS = 3;

const key = ({ country, name, lat, lon }: Area): string => [country, name, lat, lon].join();

function row(): HTMLTableRowElement {
	return h("tr", {},
		h("th", { scope: "row" }, h("span"), h("small")),
		h("td", { class: "figure" }, h("span"), h("meter", { min: 0, max: 100 })),
		h("td", { class: "figure" }),
		h("td", { class: "figure" }),
		h("td", { class: "tops" }));
}

function fill(element: HTMLTableRowElement, area: Area, largest: number, titles: Map<string, string>): void {
	const [name, demand, near, far, tops] = element.children as unknown as HTMLElement[];
	text(name!.children[0]!, areaName(area));
	text(name!.children[1]!, areaPlace(area));
	text(demand!.children[0]!, share(area.share));
	attr(demand!.children[1]!, "value", Math.round((area.share / largest) * 100));
	attr(demand!.children[1]!, "aria-label", `${areaName(area)}: demand beside the largest`);
	text(near!, share(area.nearest_share));
	attr(near!, "class", `figure${(area.nearest_share ?? 1) < 0.8 ? " low" : ""}`);
	text(far!, km(area.km_p50));
	text(tops!, area.regions.slice(0, REGIONS).map(([id, part]) =>
		`${titles.get(id) ?? id} ${share(part)}`).join(", ") || NONE);
}

class Coverage {
	#rows = new Map<string, HTMLTableRowElement>();
	#body = h("tbody");
	#note = h("p", { class: "none" });
	#all = h("button", { class: "quiet", onclick: () => { this.#every = true; this.update(); } });
	#every = false;
	#order: string[] = [];
	#sortedMs = 0;

	constructor(private readonly root: HTMLElement, private readonly context: Context) {
		root.append(
			h("h2", {}, "Coverage"),
			h("table", { class: "coverage" },
				h("thead", {}, h("tr", {},
					["Clients from", "Demand", "Served nearest", "Median distance", "Sent to"].map(
						(title, index) => h("th", {
							scope: "col", class: index && index < 4 ? "figure" : "",
						}, title)))),
				this.#body),
			this.#note, this.#all);
	}

	/** By demand; not under the pointer or the focus, and not each second. */
	#sorted(areas: Area[]): Area[] {
		const known = new Map(areas.map((area) => [key(area), area]));
		const held = this.root.matches(":hover") || this.root.contains(document.activeElement);
		if (!this.#sortedMs || (!held && Date.now() - this.#sortedMs > SORT_MS)) {
			this.#sortedMs = Date.now();
			this.#order = [...areas].sort((a, b) => b.share - a.share).map(key);
		}
		const fresh = [...known.keys()].filter((id) => !this.#order.includes(id));
		this.#order.push(...fresh);
		return this.#order.flatMap((id) => known.get(id) ?? []);
	}

	update(): void {
		const { store, url } = this.context;
		if (!store.state) return;
		const { areas, regions } = store.state;
		const titles = new Map(regions.map(({ id, title }) => [id, title || id]));
		const largest = Math.max(...areas.map((area) => area.share), 1e-9);
		const all = this.#sorted(areas).filter((area) => areaShown(area, url));
		const shown = this.#every ? all : all.slice(0, ROWS);
		keyed(this.#body, this.#rows, shown, key, row,
			(element, area) => fill(element, area, largest, titles));
		text(this.#note, areas.length
			? all.length ? "" : "No area matches the filter."
			: "No balancer has reported where its clients are.");
		text(this.#all, `Show all ${all.length}`);
		this.#all.hidden = shown.length === all.length;
	}
}

export const mountCoverage: Mount = (root, context) => {
	const coverage = new Coverage(root, context);
	coverage.update();
	const ends = [
		context.store.subscribe((change) => change.state && coverage.update()),
		context.url.subscribe(() => coverage.update()),
	];
	return () => ends.forEach((end) => end());
};

// The map's arcs as a table, for who cannot see them; made only while open.
import { h, keyed, text } from "./dom.ts";
import { arcs } from "./flows.ts";
import type { Arc } from "./flows.ts";
import { rate, share } from "./format.ts";
import type { Mount } from "./view.ts";

const ROWS = 200;

export const mountFlows: Mount = (root, { store, url }) => {
	const details = root as HTMLDetailsElement;
	const rows = new Map<string, HTMLTableRowElement>();
	const body = h("tbody");
	details.append(
		h("summary", {}, "The map's arcs as a table"),
		h("table", {},
			h("thead", {}, h("tr", {},
				["From", "To", "Share", "Clients a second", "Kind"].map((title, index) =>
					h("th", { scope: "col", class: index === 2 || index === 3 ? "figure" : "" }, title)))),
			body));
	const update = (): void => {
		if (!details.open || !store.state ) return;
		keyed(body, rows, arcs(store.state, url).slice(0, ROWS)
			.sort((a, b) => (a.name + a.key < b.name + b.key ? -1 : 1)), ({ key }) => key,
			() => h("tr", {}, ["", "", "figure", "figure", ""].map((name) =>
				h("td", { class: name }))),
			(row, arc) => cells(arc).forEach((cell, index) => text(row.children[index]!, cell)));
	};
	const cells = ({ name, region, share: part, per_s, spill }: Arc): string[] => [
		name, store.region(region)?.title || region, share(part), rate(per_s),
		spill ? "spilled" : "nearest",
	];
	details.addEventListener("toggle", update);
	const ends = [
		store.subscribe((change) => change.state && update()),
		url.subscribe(update),
	];
	return () => ends.forEach((end) => end());
};

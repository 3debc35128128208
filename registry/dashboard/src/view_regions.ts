// The region list: one row a region, always in the same order.
import type { Intent, Region } from "./api.ts";
import { attr, h, keyed, replace, text } from "./dom.ts";
import { count, share } from "./format.ts";
import { regionShown } from "./filter.ts";
import { intentShort, untilText } from "./intent_text.ts";
import { icon, inOrder, utilisation, WORDS } from "./region_look.ts";
import type { Context, Mount } from "./view.ts";

/** "drain by alice, until 14:00: kernel update" */
const intentText = (i: Intent): string =>
	`${intentShort(i)} by ${i.by}, ${untilText(i.until_wall_s)}: ${i.reason}`;

function row(id: string, { url }: Context): HTMLTableRowElement {
	const toggle = (): void => url.set({ region: url.get("region") === id ? "" : id });
	const details = (): void => url.set({ open: `region/${id}` });
	return h("tr", {},
		h("td", { class: "number" }),
		h("td", {},
			h("button", { class: "name", onclick: toggle }),
			h("span", { class: "state" }),
			h("span", { class: "note" }, h("span"))),
		h("td", { class: "figure" }),
		h("td", { class: "figure" }, h("span"), h("meter", { min: 0, max: 100 })),
		h("td", { class: "figure" }, h("span"), h("small")),
		h("td", {}, h("button", { class: "more", onclick: details }, "›")));
}

function fill(element: HTMLTableRowElement, region: Region, number: number, { url }: Context): void {
	const [index, name, ready, conns, first, more] = element.children as unknown as HTMLElement[];
	const [button, state, note] = name!.children as unknown as HTMLElement[];
	const title = region.title || region.id;
	const used = utilisation(region);
	const on = url.get("region") === region.id;
	attr(element, "class", on ? "on" : null);
	text(index!, number);
	text(button!, title);
	attr(button!, "aria-pressed", String(on));
	attr(button!, "title", region.id);
	if (state!.dataset["state"] !== region.state) {
		state!.dataset["state"] = region.state;
		state!.className = `state ${region.state}`;
		replace(state!, icon(region.state), WORDS[region.state]);
	}
	text(note!.children[0]!, region.intent ? intentText(region.intent) : "");
	note!.hidden = !region.intent;
	text(ready!, `${region.ready}/${region.nodes}`);
	text(conns!.children[0]!, `${count(region.conns)}/${count(region.capacity)}`);
	attr(conns!.children[1]!, "value", Math.round((used ?? 0) * 100));
	attr(conns!.children[1]!, "aria-label", `${title}: part of the capacity in use`);
	attr(conns!.children[1]!, "class", region.state);
	text(first!.children[0]!, share(region.first_share));
	text(first!.children[1]!, region.spill_share ? `${share(region.spill_share)} spilled` : "");
	attr(more!.children[0]!, "aria-label", `Details of ${title}`);
}

export const mountRegions: Mount = (root, context) => {
	const rows = new Map<string, HTMLTableRowElement>();
	const body = h("tbody");
	const none = h("p", { class: "none" });
	root.append(
		h("h2", {}, "Regions"),
		h("table", { class: "regions" },
			h("thead", {}, h("tr", {},
				["No.", "Region", "Ready", "Connections", "First choices"].map((title, index) =>
					h("th", { scope: "col", class: index > 1 ? "figure" : "" }, title)),
				h("th", {}, h("span", { class: "unseen" }, "Details")))),
			body),
		none);
	const update = (): void => {
		const all = inOrder(context.store.state?.regions ?? []);
		const numbers = new Map(all.map(({ id }, index) => [id, index + 1]));
		const shown = all.filter((region) => regionShown(region, context.url));
		keyed(body, rows, shown, ({ id }) => id, ({ id }) => row(id, context),
			(element, region) => fill(element, region, numbers.get(region.id)!, context));
		text(none, !shown.length && all.length ? "No region matches the filter." : "");
	};
	update();
	const ends = [
		context.store.subscribe((change) => change.state && update()),
		context.url.subscribe(update),
	];
	return () => ends.forEach((end) => end());
};

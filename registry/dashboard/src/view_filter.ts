// The overview's filters: words, a state, and what was chosen on the map.
import { h, replace } from "./dom.ts";
import { WORDS } from "./region_look.ts";
import type { Key } from "./url.ts";
import type { Mount } from "./view.ts";

export const mountFilter: Mount = (root, { store, url }) => {
	const words = h("input", {
		type: "search",
		placeholder: "Filter regions and places",
		"aria-label": "Filter regions and places",
		oninput: () => url.set({ q: words.value }),
	});
	const state = h("select", {
		"aria-label": "State of the region",
		onchange: () => url.set({ state: state.value }),
	},
		h("option", { value: "" }, "Any state"),
		Object.entries(WORDS).map(([value, word]) => h("option", { value }, word)));
	const chips = h("span", { class: "chips" });
	root.append(words, state, chips);
	const chip = (key: Key, name: string): Element | false =>
		!!url.get(key) && h("button", {
			class: "chip",
			"aria-label": `Remove the filter ${name}`,
			onclick: () => url.set({ [key]: "" }),
		}, name, " ×");
	const show = (): void => {
		if (words.value !== url.get("q")) words.value = url.get("q");
		state.value = url.get("state");
		const region = url.get("region");
		replace(chips, chip("region", store.region(region)?.title || region),
			chip("country", url.get("country")));
	};
	show();
	const ends = [
		url.subscribe(show),
		store.subscribe((change) => change.nodes === null && show()),
	];
	return () => ends.forEach((end) => end());
};

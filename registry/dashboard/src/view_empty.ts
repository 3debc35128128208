// An empty registry: how the first node gets in.
import { copyable } from "./dialog.ts";
import { h, replace } from "./dom.ts";
import type { Mount } from "./view.ts";

function command(address: string, region: string): string {
	return `comet-agent --node-id my-node-1 --region ${region} --registry ${address}`;
}

export const mountEmpty: Mount = (root, { store }) => {
	let shown = "";
	const show = (): void => {
		root.hidden = !store.state || store.nodes.size > 0;
		if (root.hidden) return;
		const { registry, regions } = store.state!;
		const line = command(registry.address, regions[0]?.id ?? "my-region");
		if (line === shown) return;
		shown = line;
		replace(root,
			h("h2", {}, "No node has registered yet"),
			h("p", {}, "The registry listens. On a machine that serves clients, run:"),
			copyable("command", line),
			h("p", { class: "none" }, regions.length
				? `Regions that the registry knows: ${regions.map(({ id }) => id).join(", ")}.`
				: "Any region name will do; regions_file gives regions a place on the map."));
	};
	show();
	return store.subscribe((change) => change.state && show());
};

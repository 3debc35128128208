// Who is sent where: flows as the map draws them. Pure.
import type { Flow, State } from "./api.ts";
import { areaName, areaShown } from "./filter.ts";
import type { Point } from "./geo.ts";
import type { Url } from "./url.ts";

export interface Arc {
	key: string;
	/** [lon, lat], as d3-geo has it. */
	from: Point;
	name: string;
	region: string;
	/** Part of all first choices, 0..1. */
	share: number;
	per_s: number;
	spill: boolean;
}

type Picture = Pick<State, "areas" | "flows">;

function start({ area, from }: Flow, { areas }: Picture): Point | null {
	if (from) return [from[1], from[0]];
	const of = area === undefined ? undefined : areas[area];
	return of && of.lat != null && of.lon != null ? [of.lon, of.lat] : null;
}

/** arcs - the flows that the filters let through, widest first. */
export function arcs(state: Picture, url: Url): Arc[] {
	const total = state.flows.reduce((sum, flow) => sum + flow.per_s, 0) || 1;
	const found = new Map<string, Arc>();
	for (const flow of state.flows) {
		const from = start(flow, state);
		const area = flow.area === undefined ? undefined : state.areas[flow.area];
		const region = url.get("region");
		if (!from || (region && flow.region !== region)) continue;
		if (area && !areaShown(area, url)) continue;
		const key = `${from} ${flow.region} ${flow.spill}`;
		const known = found.get(key);
		if (known) {
			known.per_s += flow.per_s;
			known.share += flow.per_s / total;
		} else
			found.set(key, {
				key, from,
				name: area ? areaName(area) : "Unknown place",
				region: flow.region,
				share: flow.per_s / total,
				per_s: flow.per_s,
				spill: flow.spill,
			});
	}
	return [...found.values()].sort((a, b) => b.per_s - a.per_s);
}

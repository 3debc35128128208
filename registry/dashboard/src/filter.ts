// What the filters in the address let through. Pure.
import type { Area, Region } from "./api.ts";
import type { Url } from "./url.ts";

/** Whether every word of `query` is in one of the texts, whatever its case. */
export function matches(query: string, ...texts: string[]): boolean {
	if (!query) return true;
	const hay = texts.join(" ").toLowerCase();
	return query.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
}

export function areaName({ name, country }: Area): string {
	return name || country || "Unknown place";
}

/** The area's words, its country, and whether it goes to the chosen region. */
export function areaShown(area: Area, url: Url): boolean {
	const region = url.get("region");
	return matches(url.get("q"), area.name, area.country,
			...area.regions.map(([id]) => id))
		&& (!url.get("country") || area.country === url.get("country"))
		&& (!region || area.regions.some(([id]) => id === region));
}

export function regionShown(region: Region, url: Url): boolean {
	const state = url.get("state");
	return matches(url.get("q"), region.id, region.title)
		&& (!state || region.state === state);
}

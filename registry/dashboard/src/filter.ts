// What the filters in the address let through. Pure.
import type { Area, Region } from "./api.ts";
import type { Url } from "./url.ts";

/** Whether every word of `query` is in one of the texts, whatever its case. */
export function matches(query: string, ...texts: (string | undefined)[]): boolean {
	if (!query) return true;
	const hay = texts.join(" ").toLowerCase();
	return query.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
}

const names = new Intl.DisplayNames("en", { type: "region", fallback: "code" });

/** "Brazil"; codes that are no country's stay codes. */
export function countryName(country: string): string {
	return /^[A-Z]{2}$/.test(country) ? names.of(country)! : country || "Unknown place";
}

export function areaName({ name, country }: Area): string {
	return name || countryName(country);
}

/** "31° N 104° E" */
export function areaPlace({ lat, lon }: Area): string {
	if (lat == null || lon == null) return "";
	const degrees = (value: number, plus: string, minus: string): string =>
		`${Math.abs(Math.round(value))}° ${value < 0 ? minus : plus}`;
	return `${degrees(lat, "N", "S")} ${degrees(lon, "E", "W")}`;
}

/** The area's words, its country, and whether it goes to the chosen region. */
export function areaShown(area: Area, url: Url): boolean {
	const region = url.get("region");
	return matches(url.get("q"), areaName(area), area.country,
			...area.regions.map(([id]) => id))
		&& (!url.get("country") || area.country === url.get("country"))
		&& (!region || area.regions.some(([id]) => id === region));
}

export function regionShown(region: Region, url: Url): boolean {
	const state = url.get("state");
	return matches(url.get("q"), region.id, region.title)
		&& (!state || region.state === state);
}

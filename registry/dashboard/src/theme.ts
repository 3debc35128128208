// Light or dark: what the system prefers, until the person says otherwise.

export type Theme = "auto" | "light" | "dark";
const ORDER: Theme[] = ["auto", "light", "dark"];
const KEY = "theme";

function stored(): Theme {
	const value = localStorage.getItem(KEY) as Theme | null;
	return value && ORDER.includes(value) ? value : "auto";
}

export function current(): Theme {
	return (document.documentElement.dataset["theme"] as Theme) ?? "auto";
}

/** Applies what was chosen before; call first of all. */
export function apply(theme: Theme = stored()): void {
	document.documentElement.dataset["theme"] = theme;
}

/** auto, light, dark, auto, ...; remembers the choice. */
export function cycle(): Theme {
	const next = ORDER[(ORDER.indexOf(current()) + 1) % ORDER.length]!;
	localStorage.setItem(KEY, next);
	apply(next);
	return next;
}

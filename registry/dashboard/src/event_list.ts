// Rows of the event log, for the events page and the drawer.
import type { LogEvent } from "./api.ts";
import { h, text } from "./dom.ts";
import type { Child } from "./dom.ts";
import { moment } from "./format.ts";
import type { Context } from "./view.ts";
import { badge, targetLink } from "./widgets.ts";

const KINDS = { info: "info", warn: "hot", error: "full" };

export function eventRow(context: Context, event: LogEvent): HTMLElement {
	const cells: Child[] = [
		h("time", { datetime: new Date(event.wall_ms).toISOString() }, moment(event.wall_ms)),
		badge(event.severity, KINDS[event.severity]),
		h("code", {}, event.kind),
		targetLink(context, event.target),
		h("span", { class: "said" }, event.text),
	];
	return h("li", { "data-id": event.id }, cells);
}

/**
 * holding - how @list is renewed: at once, or, while somebody points at it or
 * has the focus in it, when they ask by the button: no row moves away.
 */
export function holding(list: HTMLElement, renew: () => unknown) {
	const button = h("button", { class: "fresh", hidden: true, onclick: () => go() });
	const go = (): void => { button.hidden = true; renew(); };
	return {
		button,
		offer(words: string): void {
			if (!list.matches(":hover,:focus-within")) return go();
			button.hidden = false;
			text(button, words);
		},
	};
}

/** The rows of a list, newest first, each once. */
export function newestFirst(events: LogEvent[]): LogEvent[] {
	return [...new Map(events.map((e) => [e.id, e])).values()]
		.sort((a, b) => b.id - a.id);
}

/** A region's events are also those of what is in it. */
export function isAbout(event: LogEvent, target: string): boolean {
	return event.target === target || `region/${event.region}` === target;
}

// Small parts that several views share.
import { attr, h, text } from "./dom.ts";
import { ratio } from "./format.ts";
import type { Node } from "./api.ts";
import type { Context } from "./view.ts";

/** A bar for a share (0..1), with a tick at @mark. Decoration only. */
export function bar(part: number, mark?: number): HTMLElement {
	const element = h("i", { class: "meter", "aria-hidden": "true" });
	fill(element, part);
	if (mark != null) {
		element.classList.add("marked");
		element.style.setProperty("--mark", String(mark));
	}
	return element;
}

function fill(element: HTMLElement, part: number): void {
	element.style.setProperty("--part", Math.min(1, part).toFixed(3));
}

/** How full something is: also coloured by it. */
export function showUsed(element: HTMLElement, conns: number, capacity: number): void {
	const part = ratio(conns, capacity) ?? 0;
	fill(element, part);
	attr(element, "data-level", part >= 0.95 ? "full" : part >= 0.8 ? "hot" : null);
}

export function usedBar(conns: number, capacity: number): HTMLElement {
	const element = bar(0);
	showUsed(element, conns, capacity);
	return element;
}

/** What a node's state is called: "ready", "drain 40 %", "weight 0", "down". */
export function stateText(node: Node): string {
	if (node.state !== "up") return node.state;
	if (!node.why) return "ready";
	return node.drain
		? `${node.why} ${Math.round(node.drain.progress * 100)} %`
		: node.why;
}

/** The colour class of a state; the text says the same. */
export function stateKind(node: Node): string {
	if (node.state !== "up") return node.state;
	return !node.why ? "ok" : node.why === "full" ? "full" : "drain";
}

export function showBadge(element: Element, words: string, kind: string): void {
	text(element, words);
	attr(element, "data-kind", kind);
}

export function badge(words: string, kind: string): HTMLElement {
	return h("span", { class: "badge", "data-kind": kind }, words);
}

/** A link that opens "node/ID" or "region/ID" in the drawer. */
export function targetLink({ url }: Context, target: string, words = target) {
	if (!/^(node|region)\//.test(target)) return h("span", {}, words);
	return h("a", {
		href: url.link({ open: target }),
		onclick: (event: MouseEvent) => {
			if (event.metaKey || event.ctrlKey || event.shiftKey) return;
			event.preventDefault();
			url.set({ open: target });
		},
	}, words);
}

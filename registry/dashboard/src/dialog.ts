// Dialogs and toasts. The browser's own <dialog> traps the focus, closes on
// Escape and gives the focus back.
import { Problem } from "./api.ts";
import { h, replace, text } from "./dom.ts";
import type { Child } from "./dom.ts";

/** What went wrong, with each member and the rule that it breaks. */
export function problemText(error: unknown): string {
	if (!(error instanceof Problem)) return (error as Error).message;
	const rules = error.errors.map((e) =>
		[e.path, e.rule ?? e.detail].filter(Boolean).join(": "),
	);
	return [error.detail || error.title, ...rules].join("\n");
}

/** A labelled field; @hint is read out with it. */
export function field(label: string, input: Element, hint: Child = null): Element {
	return h("label", { class: "field" }, h("span", {}, label), input,
		hint && h("small", {}, hint));
}

/** A select of [value, text] pairs. */
export function choice(
	options: readonly (readonly [string, string])[],
	value: string,
	attrs: Record<string, unknown> = {},
): HTMLSelectElement {
	const select = h("select", attrs,
		options.map(([v, t]) => h("option", { value: v }, t)));
	select.value = value;
	return select;
}

let dialogs = 0;

/**
 * ask - a modal form. @act runs at submit: when it throws, the problem is shown
 * and the dialog stays, else it closes, and a function that @act gave is run.
 * The first field gets the focus.
 */
export function ask(
	title: string,
	submit: string,
	body: Child[],
	act: () => Promise<unknown>,
): HTMLDialogElement {
	const name = `dialog-${dialogs++}`;
	const problem = h("p", { class: "problem", role: "alert", hidden: true });
	const go = h("button", { class: "primary" }, submit);
	const close = () => dialog.close();
	const onsubmit = async (event: Event) => {
		event.preventDefault();
		problem.hidden = go.disabled = true;
		try {
			const next = await act();
			close();
			if (typeof next === "function") next();
		} catch (error) {
			problem.hidden = false;
			text(problem, problemText(error));
		}
		go.disabled = false;
	};
	const dialog = h("dialog", { "aria-labelledby": name, onclose: () => dialog.remove() },
		h("form", { onsubmit },
			h("h2", { id: name }, title),
			body,
			problem,
			h("div", { class: "buttons" },
				h("button", { type: "button", onclick: close }, "Cancel"), go)));
	document.body.append(dialog);
	dialog.showModal();
	dialog.querySelector<HTMLElement>("input,select,textarea")?.focus();
	return dialog;
}

const TOAST_MS = 15000;
/** Part of the page from its start, so that what is put there is read out. */
export const toasts = h("div", { class: "toasts", role: "status" });

/** toast - say what was done, with one thing to do about it. */
export function toast(message: string, label = "", act?: () => unknown): void {
	const end = () => box.remove();
	const box: HTMLElement = h("div", { class: "toast" },
		h("p", {}, message),
		act && h("button", { onclick: () => { end(); act(); } }, label),
		h("button", { class: "quiet", "aria-label": "Dismiss", onclick: end }, "✕"));
	// Nobody loses an Undo while reading it.
	const tick = () => box.matches(":hover,:focus-within") ? wait() : end();
	const wait = () => setTimeout(tick, TOAST_MS);
	wait();
	toasts.append(box);
}

/** copyable - a command line with a button that copies it. */
export function copyable(label: string, line: string): HTMLElement {
	const button = h("button", { "aria-label": `Copy the ${label} line` }, "Copy");
	button.onclick = async () => {
		// Over plain http to another machine there is no clipboard.
		const done = await navigator.clipboard?.writeText(line).then(() => true, () => false);
		text(button, done ? "Copied" : "Select it and press Ctrl+C");
		setTimeout(() => text(button, "Copy"), 2000);
	};
	return h("div", { class: "command" }, h("code", { tabindex: 0 }, line), button);
}

/** failed - a problem in a view's place. */
export function failed(root: Element, error: unknown): void {
	if ((error as Error).name === "AbortError") return;
	replace(root, h("p", { class: "problem", role: "alert" }, problemText(error)));
}

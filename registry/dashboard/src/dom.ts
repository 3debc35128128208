// Elements without innerHTML: text is always text. Strict CSP: no style
// attribute either; what must be computed is set through CSSOM or SVG.

export type Child = Node | string | number | null | undefined | false | Child[];
type Attrs = Record<string, unknown>;

const SVG = "http://www.w3.org/2000/svg";

function fill(element: Element, attrs: Attrs, children: Child[]): void {
	for (const [name, value] of Object.entries(attrs)) {
		if (value == null || value === false) continue;
		if (typeof value === "function")
			element.addEventListener(name.slice(2), value as EventListener);
		else element.setAttribute(name, value === true ? "" : String(value));
	}
	append(element, children);
}

function append(element: Element, children: Child[]): void {
	for (const child of children)
		if (Array.isArray(child)) append(element, child);
		else if (child != null && child !== false)
			element.append(child instanceof Node ? child : String(child));
}

/** h("button", {class: "quiet", onclick: f}, "Text"): `on...` are listeners. */
export function h<K extends keyof HTMLElementTagNameMap>(
	tag: K,
	attrs: Attrs = {},
	...children: Child[]
): HTMLElementTagNameMap[K] {
	const element = document.createElement(tag);
	fill(element, attrs, children);
	return element;
}

/** s - the same for SVG. */
export function s<K extends keyof SVGElementTagNameMap>(
	tag: K,
	attrs: Attrs = {},
	...children: Child[]
): SVGElementTagNameMap[K] {
	const element = document.createElementNS(SVG, tag);
	fill(element, attrs, children);
	return element;
}

/** text - set an element's text, only when it differs (no needless layout). */
export function text(element: Element, value: string | number): void {
	const wanted = String(value);
	if (element.textContent !== wanted) element.textContent = wanted;
}

/** attr - set or (null) remove an attribute, only when it differs. */
export function attr(
	element: Element,
	name: string,
	value: string | number | null,
): void {
	if (value === null) element.removeAttribute(name);
	else if (element.getAttribute(name) !== String(value))
		element.setAttribute(name, String(value));
}

/** replace - new children for an element. */
export function replace(element: Element, ...children: Child[]): void {
	element.textContent = "";
	append(element, children);
}

/**
 * keyed - keep one element per item, in the items' order, moving only what
 * must move; `make` builds one, `update` fills it at every call.
 */
export function keyed<T, E extends Element>(
	parent: Element,
	known: Map<string, E>,
	items: readonly T[],
	key: (item: T) => string,
	make: (item: T) => E,
	update: (element: E, item: T) => void,
): void {
	const wanted = new Set(items.map(key));
	// What left goes first: nothing else then moves, nor loses the focus.
	for (const [id, element] of known)
		if (!wanted.has(id)) {
			element.remove();
			known.delete(id);
		}
	let at = parent.firstElementChild;
	for (const item of items) {
		const id = key(item);
		let element = known.get(id);
		if (!element) known.set(id, (element = make(item)));
		update(element, item);
		if (element === at) at = at.nextElementSibling;
		else parent.insertBefore(element, at);
	}
}

// The node table: every node, filtered, sorted, only the rows in sight built.
// While the pointer or the focus is on it no row moves.
import type { Node } from "./api.ts";
import { choice } from "./dialog.ts";
import { attr, h, keyed, replace, text } from "./dom.ts";
import { count, duration, rate, share } from "./format.ts";
import { intentShort } from "./intent_text.ts";
import { filterNodes, orderNodes } from "./node_order.ts";
import type { stateFilters } from "./node_order.ts";
import type { Mount } from "./view.ts";
import { bar, showBadge, showUsed, stateKind, stateText } from "./widgets.ts";

/** As in nodes.css. */
const ROW_PX = 40;
const SPARE_ROWS = 6;

interface Column {
	sort: string;
	title: string;
	make?: () => Element[];
	show: (cell: HTMLElement, node: Node) => void;
}

const COLUMNS: Column[] = [
	{
		sort: "id", title: "Node",
		make: () => [h("button", { class: "link", tabindex: -1 })],
		show: (cell, n) => text(cell.firstElementChild!, n.id),
	},
	{
		sort: "region", title: "Region",
		show: (cell, n) => text(cell, n.zone ? `${n.region} / ${n.zone}` : n.region),
	},
	{
		sort: "state", title: "State",
		make: () => [h("span", { class: "badge" })],
		show: (cell, n) => showBadge(cell.firstElementChild!, stateText(n), stateKind(n)),
	},
	{
		sort: "used", title: "Connections",
		make: () => [h("span"), bar(0)],
		show: (cell, n) => {
			text(cell.firstElementChild!, `${count(n.conns)} / ${count(n.capacity)}`);
			showUsed(cell.lastElementChild as HTMLElement, n.conns, n.capacity);
		},
	},
	{
		sort: "weight", title: "Weight",
		show: (cell, n) => {
			const changed = n.effective_weight !== n.weight;
			text(cell, changed ? `${n.weight} → ${n.effective_weight}` : n.weight);
			attr(cell, "title", changed ? "reported → effective" : null);
		},
	},
	{
		sort: "share", title: "First choices",
		make: () => [h("span"), h("small")],
		show: (cell, n) => {
			text(cell.firstElementChild!, share(n.first_share));
			text(cell.lastElementChild!, `${rate(n.first_per_s)}/s`);
		},
	},
	{
		sort: "lease", title: "Lease left",
		show: (cell, n) => text(cell, n.lease_left_ms == null
			? duration(null)
			: duration(Math.ceil(n.lease_left_ms / 1000))),
	},
	{
		sort: "intent", title: "Intent",
		show: (cell, n) => {
			text(cell, n.intent ? intentShort(n.intent) : "");
			attr(cell, "title", n.intent && `${n.intent.by}: ${n.intent.reason}`);
		},
	},
	{ sort: "version", title: "Version", show: (cell, n) => text(cell, n.version) },
];

/** Figures are sorted from the largest on. */
const DESCENDING = new Set(["used", "weight", "share"]);

const STATES = [
	["", "all states"],
	["ready", "ready"],
	["closed", "up, takes no new client"],
	["suspect", "suspect"],
	["down", "down"],
	["intent", "with an intent"],
] as const satisfies readonly (readonly ["" | keyof typeof stateFilters, string])[];

function makeRow(): HTMLTableRowElement {
	return h("tr", {}, COLUMNS.map(({ sort, make }, i) =>
		h(i ? "td" : "th", { class: `c-${sort}`, ...(!i && { scope: "row" }) }, make?.())));
}

function showRow(row: HTMLTableRowElement, node: Node | undefined): void {
	row.classList.toggle("gone", !node);
	if (node) COLUMNS.forEach(({ show }, i) => show(row.cells[i]!, node));
}

export const mountNodes: Mount = (root, { store, url }) => {
	let ids: string[] = [];
	let current = 0; // the row that the keyboard is on
	let pointed = false;
	const rows = new Map<string, HTMLTableRowElement>();

	// -- what is looked for --
	const search = h("input", {
		type: "search", placeholder: "Words: id, zone, address, version, reason…",
		"aria-label": "Search nodes", value: url.get("q"),
		oninput: () => url.set({ q: search.value }),
	});
	const region = h("select", {
		"aria-label": "Region", onchange: () => url.set({ region: region.value }),
	});
	const state = choice(STATES, url.get("state"), {
		"aria-label": "State", onchange: () => url.set({ state: state.value }),
	});
	const found = h("p", { class: "found", role: "status" });

	// -- the table --
	const heads = COLUMNS.map(({ sort, title }) =>
		h("th", { scope: "col", class: `c-${sort}` }, h("button", { onclick: () => turn(sort) }, title)));
	const above = h("tbody", { "aria-hidden": "true" }, h("tr", {}, h("td")));
	const body = h("tbody");
	const below = h("tbody", { "aria-hidden": "true" }, h("tr", {}, h("td")));
	const table = h("table", { class: "nodes", role: "grid", "aria-label": "Nodes" },
		h("thead", {}, h("tr", {}, heads)), above, body, below);
	const scroller = h("div", { class: "scroller", tabindex: -1 }, table);
	const empty = h("p", { class: "empty", hidden: true });
	root.append(
		h("h1", {}, "Nodes"),
		h("div", { class: "filters", role: "search" }, search, region, state),
		found, scroller, empty);

	const held = (): boolean => pointed || body.contains(document.activeElement);

	const sorted = (): string => url.get("sort") || "region";

	function turn(sort: string): void {
		const now = sorted();
		const first = DESCENDING.has(sort) ? `-${sort}` : sort;
		const other = first === sort ? `-${sort}` : sort;
		url.set({ sort: now === first ? other : first });
	}

	/** The rows in sight, and a few around them. */
	function paint(): void {
		const seen = Math.ceil((scroller.clientHeight || 600) / ROW_PX);
		const from = Math.max(0, Math.floor(scroller.scrollTop / ROW_PX) - SPARE_ROWS);
		const upto = Math.min(ids.length, from + seen + 2 * SPARE_ROWS);
		const focused = document.activeElement?.closest("tr");
		keyed(body, rows, ids.slice(from, upto), (id) => id, makeRow,
			(row, id) => showRow(row, store.nodes.get(id)));
		ids.slice(from, upto).forEach((id, i) => {
			const row = rows.get(id)!;
			attr(row, "aria-rowindex", from + i + 2);
			attr(row.cells[0]!.firstElementChild!, "tabindex", from + i === current ? 0 : -1);
		});
		// Scrolled out of sight: the keys go on from where they were.
		if (focused && body.isConnected && !focused.isConnected)
			scroller.focus({ preventScroll: true });
		above.rows[0]!.style.height = `${from * ROW_PX}px`;
		below.rows[0]!.style.height = `${(ids.length - upto) * ROW_PX}px`;
	}

	function tellFound(shown: number): void {
		const all = store.nodes.size;
		text(found, (shown === all ? `${count(all)} nodes` : `${count(shown)} of ${count(all)} nodes`)
			+ (held() ? " · order held" : ""));
		empty.hidden = ids.length > 0 || !store.state;
		scroller.hidden = !empty.hidden;
		if (!empty.hidden)
			text(empty, all ? "No node matches. Clear the search or the filters."
				: `No node has registered yet. Nodes register at ${store.state!.registry.address}.`);
	}

	/** @again: a filter or the sorting changed, so the order may too */
	function refresh(again: boolean): void {
		const nodes = filterNodes(store.nodes.values(), {
			text: url.get("q"), region: url.get("region"), state: url.get("state"),
		});
		const on = ids[current];
		ids = orderNodes(nodes, sorted(), !again && held() ? ids : null);
		current = Math.max(0, on === undefined ? 0 : ids.indexOf(on));
		attr(table, "aria-rowcount", ids.length + 1);
		paint();
		tellFound(nodes.length);
	}

	function showRegions(): void {
		const names = (store.state?.regions ?? []).map((r) => r.id);
		if (names.join() === region.dataset["names"]) return;
		region.dataset["names"] = names.join();
		replace(region, h("option", { value: "" }, "all regions"),
			names.map((id) => h("option", { value: id }, id)));
		region.value = url.get("region");
	}

	function showQuery(): void {
		if (search.value !== url.get("q")) search.value = url.get("q");
		region.value = url.get("region");
		state.value = url.get("state");
		const sort = sorted();
		heads.forEach((head, i) => {
			const mine = sort.replace("-", "") === COLUMNS[i]!.sort;
			attr(head, "aria-sort", mine
				? (sort.startsWith("-") ? "descending" : "ascending") : null);
		});
	}

	// -- keys and pointer --
	function go(to: number): void {
		current = Math.max(0, Math.min(ids.length - 1, to));
		const top = current * ROW_PX;
		const room = scroller.clientHeight - 2 * ROW_PX; // under the head
		if (top < scroller.scrollTop) scroller.scrollTop = top;
		else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
		paint();
		rows.get(ids[current]!)?.querySelector("button")?.focus({ preventScroll: true });
	}

	scroller.onkeydown = (event) => {
		if (!ids.length || (event.target as Element).closest("thead")) return;
		const page = Math.max(1, Math.floor(scroller.clientHeight / ROW_PX) - 2);
		const to = {
			ArrowDown: current + 1, ArrowUp: current - 1,
			PageDown: current + page, PageUp: current - page,
			Home: 0, End: ids.length - 1,
		}[event.key];
		if (to === undefined) return;
		event.preventDefault();
		go(to);
	};
	body.onclick = (event) => {
		const row = (event.target as Element).closest("tr");
		for (const [id, known] of rows)
			if (known === row) {
				current = ids.indexOf(id);
				url.set({ open: `node/${id}` });
			}
	};
	scroller.onscroll = () => paint();
	scroller.onpointerenter = () => { pointed = true; };
	scroller.onpointerleave = () => { pointed = false; };

	showRegions();
	showQuery();
	refresh(true);
	const resized = new ResizeObserver(() => paint());
	resized.observe(scroller);
	const ends = [
		store.subscribe((change) => {
			if (!change.state && change.nodes?.size === 0) return;
			showRegions();
			refresh(change.nodes === null && !held());
		}),
		url.subscribe((changed) => {
			showQuery();
			if (["q", "region", "state", "sort"].some((key) => changed.has(key as "q")))
				refresh(true);
		}),
		() => resized.disconnect(),
	];
	return () => ends.forEach((end) => end());
};


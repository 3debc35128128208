// The node table's rows and their order. Pure.
//
// While the order is held (the pointer or the focus is on the table) rows stay
// where they are: a node that went keeps its row, one that came is added at
// the end.
import type { Node } from "./api.ts";
import { matches } from "./filter.ts";

export interface NodeQuery {
	/** Words, each of them somewhere in the row. */
	text: string;
	region: string;
	/** A key of stateFilters; "" = all. */
	state: string;
}

type Value = string | number;

/** What each sortable column orders by; unknown figures come last. */
export const sortKeys: Record<string, (n: Node) => Value> = {
	id: (n) => n.id,
	region: (n) => `${n.region}/${n.zone}`,
	state: (n) => stateRank(n),
	used: (n) => (n.capacity ? (n.conns ?? 0) / n.capacity : 0),
	weight: (n) => n.effective_weight ?? n.weight ?? 0,
	share: (n) => n.first_share ?? 0,
	lease: (n) => n.lease_left_ms ?? 0,
	version: (n) => n.version ?? "",
	intent: (n) => (n.intent ? n.intent.state : "~"),
};

function stateRank(n: Node): number {
	return n.state === "down" ? 0 : n.state === "suspect" ? 1 : n.why ? 2 : 3;
}

export const stateFilters: Record<string, (n: Node) => boolean> = {
	ready: (n) => n.state === "up" && !n.why,
	closed: (n) => n.state === "up" && !!n.why,
	suspect: (n) => n.state === "suspect",
	down: (n) => n.state === "down",
	intent: (n) => !!n.intent,
};

// What a search word is looked for in.
function words(n: Node): (string | undefined)[] {
	return [n.id, n.service, n.region, n.zone, n.state, n.why, n.version,
		n.host, n.carrier, n.intent?.by, n.intent?.reason,
		...(n.addrs ?? [])];
}

export function filterNodes(nodes: Iterable<Node>,
			    query: NodeQuery): Node[] {
	const state = Object.hasOwn(stateFilters, query.state)
		? stateFilters[query.state] : null;

	return [...nodes].filter((n) =>
		(!query.region || n.region === query.region)
		&& (!state || state(n))
		&& matches(query.text, ...words(n)));
}

function compare(a: Value, b: Value): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

export function sortNodes(nodes: Node[], sort: string): Node[] {
	const sign = sort.startsWith("-") ? -1 : 1;
	const key = sort.replace("-", "");
	const value = sortKeys[Object.hasOwn(sortKeys, key) ? key : "id"]!;
	const rows = nodes.map((n) => ({ n, v: value(n) }));

	rows.sort((a, b) => sign * compare(a.v, b.v) || compare(a.n.id, b.n.id));
	return rows.map((row) => row.n);
}

/** The ids of the rows; @held: those of the picture before, to be kept. */
export function orderNodes(nodes: Node[], sort: string,
			   held: string[] | null): string[] {
	if (!held) return sortNodes(nodes, sort).map((n) => n.id);
	const known = new Set(held);

	return [...held, ...nodes.map((n) => n.id).filter((id) => !known.has(id))];
}

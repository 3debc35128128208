// What decides in the page, without a browser: order, commands, words.
import assert from "node:assert/strict";
import { source } from "./sources.mjs";

const node = (id, more = {}) => ({
	id, service: "im", region: "r1", zone: "a", state: "up", why: "", conns: 10, capacity: 100,
	weight: 100, effective_weight: 100, first_share: 0, lease_left_ms: 9000, version: "1.0",
	addrs: ["10.0.0.1"], host: "", carrier: "", intent: null, drain: null, ...more,
});
const intent = (more = {}) => ({
	scope: "node", id: "n1", state: "up", weight: null, bias_km: null, shed_per_min: null,
	deadline_s: null, by: "ops", reason: "disk", since_wall_s: 1000, until_wall_s: null, ...more,
});
let order, command, words;

export async function before() {
	[order, command, words] = await Promise.all(
		["node_order.ts", "command.ts", "intent_text.ts"].map(source));
}

const SORTS = [
	["by id", "id", ["a", "b", "c"]],
	["the other way round", "-id", ["c", "b", "a"]],
	["by utilisation, not by connections", "-used", ["b", "c", "a"]],
	["trouble first, then what is closed", "state", ["c", "b", "a"]],
	["an unknown column is the id's", "nonsense", ["a", "b", "c"]],
];
const FILTERS = [
	["nothing asked: all", {}, ["a", "b", "c"]],
	["every word must be somewhere", { text: "10.0 R1" }, ["a", "b", "c"]],
	["one word that is nowhere", { text: "a r9" }, []],
	["an intent's reason counts", { text: "disk" }, ["b"]],
	["a region is exact", { region: "r" }, []],
	["ready is up and open", { state: "ready" }, ["a"]],
	["up without new clients", { state: "closed" }, ["b"]],
	["with an intent", { state: "intent" }, ["b"]],
	["down", { state: "down" }, ["c"]],
];
const ALL = [
	node("a", { conns: 20, capacity: 1000 }),
	node("b", { conns: 90, why: "drain", intent: intent({ state: "drain" }) }),
	node("c", { conns: 50, state: "down" }),
];
const question = (more = {}) =>
	({ ip: "200.160.2.3", device: "", family: "", without: [], drained: [], weight: [], ...more });
const COMMANDS = [
	["an address", question(), "ip=200.160.2.3", "perictl explain 200.160.2.3"],
	["changes with commas", question({ without: ["n1", "n2"], weight: ["n3:50"] }),
		"ip=200.160.2.3&without=n1,n2&weight=n3:50",
		"perictl explain --without n1,n2 --weight n3:50 200.160.2.3"],
	["a device that a shell would read", question({ device: "a'b $c", family: "6" }),
		"ip=200.160.2.3&device=a%27b+%24c&family=6",
		"perictl explain --device 'a'\\''b $c' --family 6 200.160.2.3"],
];

export const tests = [
	...SORTS.map(([rule, sort, want]) => [`sort: ${rule}`, () =>
		assert.deepEqual(order.orderNodes(ALL, sort, null), want)]),
	...FILTERS.map(([rule, query, want]) => [`filter: ${rule}`, () =>
		assert.deepEqual(order.filterNodes(ALL, { text: "", region: "", state: "", ...query })
			.map(({ id }) => id), want)]),
	["held: rows stay, gone ones too, new ones come last", () =>
		assert.deepEqual(order.orderNodes([...ALL, node("0")], "id", ["c", "gone", "a"]),
			["c", "gone", "a", "b", "0"])],
	...COMMANDS.map(([rule, q, query, line]) => [`command: ${rule}`, () => {
		assert.equal(command.questionQuery(q), query);
		assert.equal(command.perictlLine(q), line);
	}]),
	["command: curl names no token, only its variable", () =>
		assert.equal(command.curlLine("http://h:1", question(), true),
			`curl -s -H "Authorization: Bearer $PERI_TOKEN" 'http://h:1/v1/explain?ip=200.160.2.3'`)],
	["intent: what it does, in words", () => {
		assert.equal(words.intentLong(intent({ state: "drain", shed_per_min: 10, deadline_s: 1800 })),
			"drain, 10 % a minute, within 30 min");
		assert.equal(words.intentShort(intent({ weight: 50, bias_km: -300 })), "weight 50, bias -300 km");
		assert.equal(words.intentShort(intent()), "up");
	}],
	["intent: a PUT carries the members that are set and the new reason", () =>
		assert.deepEqual(words.intentBody(intent({ weight: 0, until_wall_s: 5 }), "why"),
			{ state: "up", reason: "why", weight: 0, until_wall_s: 5 })],
];

// What decides in the page, without a browser: order, commands, words.
import assert from "node:assert/strict";
import { until } from "./daemons.mjs";
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
let order, command, words, store;

export async function before() {
	[order, command, words, store] = await Promise.all(
		["node_order.ts", "command.ts", "intent_text.ts", "store.ts"].map(source));
}

/**
 * A store over a registry that is a script: @answers takes (path, number of
 * the request) and gives a Response; frames to views come each 5 ms.
 */
async function scripted(answers, work) {
	const { fetch: real, requestAnimationFrame: frame } = globalThis;
	const asked = [];
	globalThis.requestAnimationFrame = (tell) => setTimeout(tell, 5);
	globalThis.fetch = async (path, { signal } = {}) => {
		asked.push(path);
		return answers(path, asked.filter((one) => one === path).length, signal);
	};
	const one = new store.Store();
	try {
		one.resume();
		await work(one, asked);
	} finally {
		one.pause();
		Object.assign(globalThis, { fetch: real, requestAnimationFrame: frame });
	}
}

const picture = (id, ...nodes) => Response.json({ id, nodes: nodes.map((name) => node(name)), intents: [] });
/** A stream of what can be sent while it is open. */
function stream() {
	let to;
	const body = new ReadableStream({ start: (control) => { to = control; } });
	const send = (event, data) =>
		to.enqueue(new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
	return { answer: new Response(body), send, end: () => to.close() };
}
const names = ({ nodes }) => [...nodes.keys()].join();

const STREAMS = [
	["a reset whose reading fails is stale until it is read", async () => {
		const [first, second] = [stream(), stream()];
		let away = true;
		await scripted((path, n) => path === "/v1/events" ? (n === 1 ? first : second).answer
			: n === 1 ? picture("1:1", "a")
				: away ? Response.json({ title: "busy" }, { status: 503 }) : picture("2:1", "b"),
		async (one, asked) => {
			await until(() => asked.includes("/v1/events"), "it follows");
			first.send("reset", { why: "new epoch" });
			await until(() => one.phase === "stale", "stale");
			assert.throws(() => first.send("state", { nodes: [node("c")] }), "the old stream is left");
			assert.equal(names(one), "a");
			away = false;
			await until(() => one.phase === "live" && names(one) === "b", "live");
		});
	}],
	["what follows a reset in the same piece is not heard, the new stream is", async () => {
		const [first, second] = [stream(), stream()];
		await scripted((path, n) => path === "/v1/events" ? (n === 1 ? first : second).answer
			: n === 1 ? picture("1:1", "a") : picture("2:1", "b"),
		async (one, asked) => {
			await until(() => asked.includes("/v1/events"), "it follows");
			first.send("reset", { why: "too far behind" });
			first.send("state", { nodes: [node("c")] });
			second.send("state", { nodes: [node("d")] });
			await until(() => names(one) === "b,d", "the new picture and its frame");
			assert.deepEqual(asked, ["/v1/state", "/v1/events", "/v1/state", "/v1/events"]);
		});
	}],
	["paused while a reset is read: it stays paused", async () => {
		const first = stream();
		let answer;
		await scripted((path, n, signal) => path === "/v1/events" ? first.answer
			: n === 1 ? picture("1:1", "a") : new Promise((done, fail) => {
				answer = () => done(picture("2:1", "b"));
				signal.addEventListener("abort", () => fail(signal.reason));
			}),
		async (one, asked) => {
			await until(() => asked.includes("/v1/events"), "it follows");
			first.send("reset", {});
			await until(() => answer, "it reads");
			one.pause();
			answer();
			await new Promise((done) => setTimeout(done, 20));
			assert.equal(one.phase, "paused");
			assert.equal(names(one), "a");
		});
	}],
	["a planned end is no loss: followed anew at once", async () => {
		const [first, second] = [stream(), stream()];
		await scripted((path, n) => path === "/v1/events" ? (n === 1 ? first : second).answer
			: picture("1:1", "a"),
		async (one, asked) => {
			const seen = new Set();
			one.subscribe(() => seen.add(one.phase));
			await until(() => asked.length === 2, "it follows");
			setTimeout(() => first.end(), 1100);
			await until(() => asked.length === 3, "again");
			second.send("state", { nodes: [node("b")] });
			await until(() => names(one) === "a,b", "its frame");
			assert.deepEqual([...seen], ["live"]);
		});
	}],
];

const SORTS = [
	["by id", "id", ["a", "b", "c"]],
	["the other way round", "-id", ["c", "b", "a"]],
	["by utilisation, not by connections", "-used", ["b", "c", "a"]],
	["trouble first, then what is closed", "state", ["c", "b", "a"]],
	["an unknown column is the id's", "nonsense", ["a", "b", "c"]],
	["what every object has is no column", "__proto__", ["a", "b", "c"]],
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
	["what every object has is no state", { state: "constructor" }, ["a", "b", "c"]],
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
	...STREAMS.map(([rule, work]) => [`store: ${rule}`, work]),
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
		assert.deepEqual(words.intentBody(intent({ weight: 0, until_wall_s: 5 }), "why", 4),
			{ state: "up", reason: "why", weight: 0, until_wall_s: 5 })],
	["intent: an end that has passed is left out, the registry would refuse it", () =>
		assert.deepEqual(words.intentBody(intent({ weight: 0, until_wall_s: 5 }), "why", 5),
			{ state: "up", reason: "why", weight: 0 })],
];

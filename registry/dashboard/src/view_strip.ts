// The status strip: the fleet in eight readings, each with its dial: a gauge
// of what there is, or a trace of the last minute.
import type { State } from "./api.ts";
import { attr, h, s, text } from "./dom.ts";
import { count, duration, micros, NONE, rate, ratio, share } from "./format.ts";
import type { Mount } from "./view.ts";

type Picture = Omit<State, "nodes">;

interface Reading {
	title: string;
	/** What the number means, for who points at it. */
	help: string;
	value: (state: Picture) => string;
	note?: (state: Picture) => string;
	/** What the title adds to the help. */
	more?: (state: Picture) => string;
	/** 0..1: a gauge. */
	gauge?: (state: Picture) => number | null;
	/** A trace of the last minute. */
	trace?: (state: Picture) => number | null;
	/** Someone should look. */
	bad?: (state: Picture) => boolean;
}

const TRACE = 60;
const SNAPSHOTS = 3;

/** A balancer that lags behind or is silent for this long is worth a look. */
const OLD_MS = 5000;

function parts({ status }: Picture): string {
	const words = [
		status.draining && `${status.draining} draining`,
		status.suspect && `${status.suspect} suspect`,
		status.down && `${status.down} down`,
	].filter(Boolean);
	return words.join(", ") || (status.nodes ? "all well" : "none yet");
}

function snapshots({ balancers }: Picture): string[] {
	return balancers.map(({ id, snapshot_age_ms: age }) =>
		`${id} ${age == null ? NONE : duration(age / 1000)}`);
}

function firstSnapshots(state: Picture): string {
	const all = snapshots(state);
	const more = all.length - SNAPSHOTS;
	return all.slice(0, SNAPSHOTS).join(", ") + (more > 0 ? `, ${more} more` : "");
}

const oldest = ({ balancers }: Picture): number | null =>
	balancers.reduce<number | null>((most, { snapshot_age_ms: age }) =>
		age == null ? most : Math.max(most ?? 0, age), null);

const READINGS: Reading[] = [
	{
		title: "Nodes ready",
		help: "Nodes that take new clients, of all that are registered",
		value: ({ status }) => `${count(status.ready)}/${count(status.nodes)}`,
		note: parts,
		gauge: ({ status }) => ratio(status.ready, status.nodes),
		bad: ({ status }) => status.down + status.suspect > 0,
	},
	{
		title: "Connections",
		help: "Open connections, of all that the nodes can hold",
		value: ({ status }) => count(status.conns),
		note: ({ status }) => `of ${count(status.capacity)}`,
		gauge: ({ status }) => ratio(status.conns, status.capacity),
		bad: ({ status }) => (ratio(status.conns, status.capacity) ?? 0) > 0.85,
	},
	{
		title: "Resolves/s",
		help: "Questions that the balancers answer a second",
		value: ({ status }) => rate(status.resolves_per_s),
		note: ({ status: { balancers } }) => `${balancers || "no"} balancer${balancers === 1 ? "" : "s"}`,
		trace: ({ status }) => status.resolves_per_s,
	},
	{
		title: "Resolve p99",
		help: "99 of 100 answers are made within this time",
		value: ({ status }) => micros(status.p99_us),
		note: ({ balancers }) => balancers.length ? "last minute" : "",
		trace: ({ status }) => status.p99_us,
	},
	{
		title: "Served nearest",
		help: "Share of clients whose first choice costs least of all",
		value: ({ status }) => share(status.nearest_share),
		note: ({ balancers }) => balancers.length ? "of first choices" : "",
		gauge: ({ status }) => status.nearest_share,
		bad: ({ status }) => (status.nearest_share ?? 1) < 0.7,
	},
	{
		title: "Geo misses",
		help: "Share of clients whose place is unknown",
		value: ({ status }) => share(status.geo_miss_share),
		note: ({ balancers }) => balancers.length
			? balancers.find(({ geo }) => geo?.loaded)?.geo?.date ?? "no city database" : "",
		gauge: ({ status }) => status.geo_miss_share,
		bad: ({ status }) => (status.geo_miss_share ?? 0) > 0.2,
	},
	{
		title: "Snapshot age",
		help: "Age of the picture that each balancer answers from; the oldest here",
		value: (state) => { const age = oldest(state); return age == null ? NONE : duration(age / 1000); },
		note: (state) => state.balancers.length ? firstSnapshots(state) : "no balancer",
		more: (state) => snapshots(state).join("\n"),
		bad: (state) => (oldest(state) ?? 0) > OLD_MS,
	},
	{
		title: "Store",
		help: "Where registrations and intent are kept, and how long a write takes",
		value: ({ registry }) => registry.store.up ? "up" : "away",
		note: ({ registry: { store } }) => store.kind
			+ (store.latency_ms == null ? "" : `, ${rate(store.latency_ms)} ms`),
		bad: ({ registry }) => !registry.store.up,
	},
];

/** A ruler of ten parts under a bar. */
function gauge(): { element: SVGSVGElement; set: (value: number | null) => void } {
	const bar = s("rect", { class: "value", y: 0, height: 4, width: 0 });
	const ticks = Array.from({ length: 11 }, (_, index) =>
		`M${index * 10},6v${index % 5 ? 3 : 5}`).join("");
	return {
		element: s("svg", { class: "dial", viewBox: "-1 0 102 12", preserveAspectRatio: "none", "aria-hidden": "true" },
			s("rect", { class: "bed", width: 100, height: 4 }), bar,
			s("path", { class: "ticks", d: ticks })),
		set: (value) => attr(bar, "width", ((value ?? 0) * 100).toFixed(1)),
	};
}

/** The last minute as a line, from zero to its largest value. */
function trace(): { element: SVGSVGElement; set: (value: number | null) => void } {
	const line = s("polyline", { class: "value" });
	const values: (number | null)[] = [];
	return {
		element: s("svg", { class: "dial", viewBox: "-1 -1 102 13", preserveAspectRatio: "none", "aria-hidden": "true" },
			s("path", { class: "ticks", d: "M0,12h100" }), line),
		set: (value) => {
			values.push(value);
			if (values.length > TRACE) values.shift();
			const most = Math.max(...values.map((one) => one ?? 0), 1e-9);
			attr(line, "points", values.flatMap((one, index) => one == null ? [] :
				`${(100 - (values.length - 1 - index) * (100 / (TRACE - 1))).toFixed(1)},${(11 - (one / most) * 10).toFixed(1)}`).join(" "));
		},
	};
}

function cell(reading: Reading): { element: Element; set: (state: Picture) => void } {
	const value = h("dd", { class: "value" }, NONE);
	const note = h("dd", { class: "note" });
	const dial = reading.gauge ? gauge() : reading.trace ? trace() : null;
	const element = h("div", { class: "reading", title: reading.help },
		h("dt", {}, reading.title), value,
		dial && h("dd", { class: "dialbox" }, dial.element), note);
	return {
		element,
		set: (state) => {
			text(value, reading.value(state));
			text(note, reading.note?.(state) ?? "");
			dial?.set((reading.gauge ?? reading.trace)!(state));
			if (reading.more) attr(element, "title", `${reading.help}\n${reading.more(state)}`);
			element.classList.toggle("bad", reading.bad?.(state) ?? false);
		},
	};
}

export const mountStrip: Mount = (root, { store }) => {
	const cells = READINGS.map(cell);
	root.append(h("dl", {}, cells.map(({ element }) => element)));
	return store.subscribe((change) => {
		if (change.state) for (const { set } of cells) set(store.state!);
	});
};

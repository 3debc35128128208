// The event log, live: filtered, newest first, and as a file. While the
// pointer or the focus is on the list nothing moves: new rows wait.
import { call, path } from "./api.ts";
import type { LogEvent } from "./api.ts";
import { choice, failed } from "./dialog.ts";
import { h, replace } from "./dom.ts";
import { eventRow, holding, isAbout, newestFirst } from "./event_list.ts";
import type { Mount } from "./view.ts";

const KINDS = [
	"node.join", "node.leave", "node.suspect", "node.down", "node.up",
	"node.forget", "node.changed", "intent.put", "intent.release",
	"intent.expire", "region.down", "region.up", "store.down", "store.up",
	"balancer.join", "balancer.leave", "registry.start", "geo.missing",
	"spill.begin", "spill.end",
];
/** A filter lets through what is at least as severe. */
const RANKS = ["info", "warn", "error"];
const PAGE = 100;
/** Rows that come by themselves push out as many as these leave room for. */
const SHOWN_MAX = 1000;
const WAITING_MAX = 1000;

export const mountEvents: Mount = (root, context) => {
	const { store, url } = context;
	let events: LogEvent[] = [];
	let waiting: LogEvent[] = [];
	let missed = false;
	let shownMax = SHOWN_MAX;
	let abort = new AbortController();

	const query = () => ({
		kind: url.get("kind"), severity: url.get("severity"), target: url.get("target"),
	});
	const kind = choice([["", "all kinds"], ...KINDS.map((k) => [k, k] as const)],
		url.get("kind"), { "aria-label": "Kind", onchange: () => url.set({ kind: kind.value }) });
	const severity = choice([["", "all severities"], ["warn", "warnings and errors"], ["error", "errors"]],
		url.get("severity"),
		{ "aria-label": "Severity", onchange: () => url.set({ severity: severity.value }) });
	const target = h("input", {
		type: "search", placeholder: "Target: node/ID or region/ID", "aria-label": "Target",
		value: url.get("target"), onchange: () => url.set({ target: target.value.trim() }),
	});
	const files = ["jsonl", "csv"].map((ending) =>
		h("a", { class: "button", download: `perihelion-events.${ending}` },
			ending === "csv" ? "CSV" : "JSON lines"));
	const list = h("ol", { class: "events", tabindex: 0, "aria-label": "Events, newest first" });
	const hold = holding(list, release);
	const older = h("button", { hidden: true, onclick: () => void load(true) }, "Older");
	const trouble = h("div");
	root.append(
		h("h1", {}, "Events"),
		h("div", { class: "filters", role: "search" }, kind, severity, target,
			h("span", { class: "files" }, "Download ", files)),
		hold.button, trouble, list, older);

	function show(): void {
		events = newestFirst(events);
		replace(list, events.length
			? events.map((event) => eventRow(context, event))
			: h("li", { class: "empty" }, "No event matches."));
	}

	async function load(more: boolean): Promise<void> {
		abort.abort();
		abort = new AbortController();
		const before = more ? events[events.length - 1]?.id : null;
		try {
			const got = await call<{ events: LogEvent[]; more: boolean }>("GET",
				path("/v1/log", { ...query(), before, limit: PAGE }), undefined, abort.signal);
			events = more ? [...events, ...got.events] : got.events;
			shownMax = Math.max(SHOWN_MAX, events.length);
			if (!more) { waiting = []; missed = false; }
			replace(trouble);
			older.hidden = !got.more;
			show();
		} catch (error) {
			failed(trouble, error);
		}
	}

	const wanted = (event: LogEvent): boolean => {
		const q = query();
		return (!q.kind || event.kind === q.kind)
			&& RANKS.indexOf(event.severity) >= RANKS.indexOf(q.severity)
			&& (!q.target || isAbout(event, q.target));
	};

	function release(): void {
		if (missed) return void load(false);
		events = [...waiting, ...events];
		// What nobody asked for with "Older" goes when there is too much of it.
		if (events.length > shownMax) {
			events.length = shownMax;
			older.hidden = false;
		}
		waiting = [];
		show();
	}

	/** @all: the stream was begun anew, what came in between is not known. */
	function hear(more: LogEvent[], all: boolean): void {
		waiting = newestFirst([...waiting, ...more.filter(wanted)]).slice(0, WAITING_MAX);
		missed ||= all || waiting.length === WAITING_MAX;
		if (missed) hold.offer("New events");
		else if (waiting.length)
			hold.offer(waiting.length === 1 ? "1 new event" : `${waiting.length} new events`);
	}

	function showQuery(): void {
		const q = query();
		kind.value = q.kind;
		severity.value = q.severity;
		target.value = q.target;
		files.forEach((link, i) =>
			link.setAttribute("href", path(`/v1/events.${i ? "csv" : "jsonl"}`, q)));
	}

	showQuery();
	void load(false);
	const ends = [
		store.subscribe((change) => hear(change.log, !change.nodes)),
		url.subscribe((changed) => {
			if (!["kind", "severity", "target"].some((key) => changed.has(key as "kind"))) return;
			showQuery();
			hold.button.hidden = true;
			void load(false);
		}),
		() => abort.abort(),
	];
	return () => ends.forEach((end) => end());
};

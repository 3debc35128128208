// The drawer: one node or region beside the page, with its figures, its intent
// and what may be done, an hour or a day of history, and its events.
import { actionButtons, intentCard, intentOf } from "./actions.ts";
import type { Scope, Target } from "./actions.ts";
import { call, path } from "./api.ts";
import type { LogEvent, Node, Region } from "./api.ts";
import { Chart } from "./chart.ts";
import { problemText } from "./dialog.ts";
import { attr, h, replace, text } from "./dom.ts";
import { eventRow, holding, isAbout, newestFirst } from "./event_list.ts";
import { count, duration, NONE, rate, share } from "./format.ts";
import { biasText } from "./intent_text.ts";
import type { Context, Mount } from "./view.ts";
import { bar, showBadge, showUsed, stateKind, stateText } from "./widgets.ts";

interface History {
	step_s: number;
	from_wall_s: number;
	series: Record<string, (number | null)[]>;
}

const EVENTS_SHOWN = 20;
/** A new point comes each 5 s in an hour, each minute in a day. */
const RELOAD_MS: Record<string, number> = { hour: 5000, day: 60000 };

type Facts = [string, string][];

function nodeFacts(n: Node): Facts {
	return [
		["Region", n.zone ? `${n.region} / ${n.zone}` : n.region],
		n.drain
			? ["Drained", `${share(n.drain.progress)} of ${count(n.drain.conns_at_start)}`]
			: ["Service", n.service],
		["First choices", `${share(n.first_share)}, ${rate(n.first_per_s)}/s`],
		["Weight", n.weight === n.effective_weight ? String(n.weight)
			: `${n.weight} reported, ${n.effective_weight} effective`],
		["Lease left", n.lease_left_ms == null ? NONE : duration(Math.ceil(n.lease_left_ms / 1000))],
		["Load reported", n.load_age_ms == null ? NONE : `${duration(n.load_age_ms / 1000)} ago`],
		["CPU", n.cpu_pct == null ? NONE : `${count(n.cpu_pct)} %`],
		["Addresses", (n.addrs ?? []).join(", ") || NONE],
		["Host", n.host || NONE],
		["Carrier", n.carrier || NONE],
		["Registered", n.registered_age_s == null ? NONE : `${duration(n.registered_age_s)} ago`],
		["Version", n.version || NONE],
	];
}

function regionFacts(r: Region): Facts {
	return [
		["Nodes", `${r.ready} of ${r.nodes} ready`],
		["First choices", `${share(r.first_share)}, ${rate(r.first_per_s)}/s`],
		["Spilled here", share(r.spill_share)],
		["Weight", r.weight == null ? NONE : String(r.weight)],
		["Bias", biasText(r.bias_km ?? 0)],
		["Place", r.lat == null || r.lon == null ? NONE
			: `${r.lat.toFixed(2)}°, ${r.lon.toFixed(2)}°`],
	];
}

/** Pairs of a label and a value; @list's elements are kept and refilled. */
function showFacts(list: HTMLElement, facts: Facts): void {
	if (list.childElementCount !== facts.length)
		replace(list, facts.map(([label]) => h("div", {}, h("dt", {}, label), h("dd"))));
	facts.forEach(([, value], i) => text(list.children[i]!.lastElementChild!, value));
}

/** Everything of one target; @returns what takes it down. */
function mountTarget(root: HTMLElement, context: Context, target: Target): () => void {
	const { store, url, session } = context;
	const name = `${target.scope}/${target.id}`;
	const close = () => url.set({ open: "" });

	// -- what is said each second --
	const state = h("span", { class: "badge" });
	const used = h("span");
	const meter = bar(0);
	const facts = h("dl", { class: "facts" });
	const intent = h("div");
	const actions = h("div");
	const title = h("h2", { id: "drawer-title", tabindex: -1 }, target.id);
	let shown = "";

	function showIntent(): void {
		const now = intentOf(context, target);
		const key = JSON.stringify([now, session.who]);
		if (key === shown) return; // so that no button loses the focus
		const verb = intent.parentElement && actions.contains(document.activeElement)
			? (document.activeElement as HTMLElement).dataset["verb"] : undefined;
		shown = key;
		replace(intent, now && intentCard(now));
		replace(actions, actionButtons(context, target));
		if (verb) (actions.querySelector<HTMLElement>(`[data-verb=${verb}]`) ?? title).focus();
	}

	function show(): void {
		const node = target.scope === "node" ? store.nodes.get(target.id) : undefined;
		const region = target.scope === "region" ? store.region(target.id) : undefined;
		const it = node ?? region;
		if (node) showBadge(state, stateText(node), stateKind(node));
		else if (region) showBadge(state, region.state, region.state);
		else showBadge(state, store.state ? "not known" : "loading", "down");
		text(used, it ? `${count(it.conns)} of ${count(it.capacity)} connections` : "");
		showUsed(meter, it?.conns ?? 0, it?.capacity ?? 0);
		showFacts(facts, node ? nodeFacts(node) : region ? regionFacts(region) : []);
		showIntent();
	}

	// -- history --
	const connections = new Chart("Connections", [
		{ label: "connections", token: "arc" },
		{ label: "capacity", token: "soft", dashed: true },
	]);
	const choices = new Chart("First choices a second", [
		{ label: "first choices/s", token: "brass" },
	]);
	const trouble = h("p", { class: "hint", role: "status" });
	const spans = ["hour", "day"].map((span) =>
		h("button", { onclick: () => url.set({ span }) }, `1 ${span}`));
	let timer = 0;
	let abort = new AbortController();

	async function loadHistory(): Promise<void> {
		clearTimeout(timer);
		abort.abort();
		const { signal } = (abort = new AbortController());
		const span = url.get("span") === "day" ? "day" : "hour";
		spans.forEach((button, i) =>
			attr(button, "aria-pressed", String((span === "hour") === (i === 0))));
		try {
			const got = await call<History>("GET", path("/v1/history", { target: name, span }),
				undefined, signal);
			const { from_wall_s: from, step_s: step, series } = got;
			const of = (key: string) => series[key] ?? [];
			connections.show(from, step, [of("conns"), of("capacity")]);
			choices.show(from, step, [of("first_per_s")]);
			text(trouble, "");
		} catch (error) {
			if (signal.aborted) return; // another one runs, or the drawer is gone
			text(trouble, `No history: ${problemText(error)}`);
		}
		timer = setTimeout(loadHistory, RELOAD_MS[span]) as unknown as number;
	}

	// -- events --
	const list = h("ol", { class: "events" });
	let events: LogEvent[] = [];

	const hold = holding(list, () => replace(list, events.length
			? events.map((event) => eventRow(context, event))
			: h("li", { class: "empty" }, "None in the log.")));

	function addEvents(more: LogEvent[]): void {
		events = newestFirst([...events, ...more]).slice(0, EVENTS_SHOWN);
		hold.offer("New events");
	}

	async function loadEvents(): Promise<void> {
		const got = await call<{ events: LogEvent[] }>("GET",
			path("/v1/log", { target: name, limit: EVENTS_SHOWN })).catch(() => null);
		addEvents(got?.events ?? []);
	}

	const inRegion = (id: string) => ({ view: "nodes", region: id, open: "", q: "", state: "" });
	replace(root,
		h("header", {},
			h("p", { class: "kind" }, target.scope),
			title, state,
			h("button", { class: "quiet", "aria-label": "Close", onclick: close }, "✕")),
		h("p", { class: "used" }, used, meter),
		actions, intent, facts,
		target.scope === "region" && h("p", {}, h("a", {
			href: url.link(inRegion(target.id)),
			onclick: (event: MouseEvent) => {
				event.preventDefault();
				url.set(inRegion(target.id));
			},
		}, "Its nodes in the table")),
		h("div", { class: "spans", role: "group", "aria-label": "Span" }, h("h3", {}, "History"), spans),
		trouble, connections.root, choices.root,
		h("h3", {}, "Events"), hold.button, list);
	show();
	void loadHistory();
	void loadEvents();
	title.focus();

	const ends = [
		store.subscribe((change) => {
			const mine = change.log.filter((event) => isAbout(event, name));
			if (!change.nodes) void loadEvents();
			if (mine.length) addEvents(mine);
			show();
		}),
		session.subscribe(show),
		url.subscribe((changed) => changed.has("span") && void loadHistory()),
		() => clearTimeout(timer),
		() => abort.abort(),
		() => connections.destroy(),
		() => choices.destroy(),
	];
	return () => ends.forEach((end) => end());
}

export const mountDrawer: Mount = (over, context) => {
	const { url } = context;
	const root = h("aside", { class: "drawer", "aria-labelledby": "drawer-title", hidden: true });
	let unmount = (): void => {};
	let opener: HTMLElement | null = null;
	over.append(root);

	const show = (): void => {
		const [, scope, id] = /^(node|region)\/(.+)$/.exec(url.get("open")) ?? [];
		const inside = root.contains(document.activeElement);
		unmount();
		unmount = () => {};
		if (scope && id) {
			if (!inside) opener = document.activeElement as HTMLElement | null;
			root.hidden = false;
			unmount = mountTarget(root, context, { scope: scope as Scope, id });
			return;
		}
		root.hidden = true;
		replace(root);
		if (inside && opener?.isConnected) opener.focus();
	};
	root.onkeydown = (event) => {
		if (event.key === "Escape") url.set({ open: "" });
	};
	show();
	return url.subscribe((changed) => changed.has("open") && show());
};

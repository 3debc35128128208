// Explain: why a client gets its list, or what it would get if; the same
// question as a line for curl and for perictl.
import { call } from "./api.ts";
import type { Num } from "./api.ts";
import { curlLine, perictlLine, questionQuery } from "./command.ts";
import type { Question } from "./command.ts";
import { choice, copyable, failed, field } from "./dialog.ts";
import { h, replace, text } from "./dom.ts";
import type { Child } from "./dom.ts";
import { count, km, NONE, rate, share } from "./format.ts";
import { biasText } from "./intent_text.ts";
import type { Context, Mount } from "./view.ts";
import { badge, bar, targetLink, usedBar } from "./widgets.ts";

interface Client {
	ip: string | null;
	country: string;
	area: string;
	city: string;
	carrier: string;
	lat: Num;
	lon: Num;
	source: string;
	key: string;
}

interface Site {
	site: string;
	region: string;
	rank: number;
	km: Num;
	cost: Num;
	share: number;
	headroom_per_s: number;
	est: number;
	limit: number;
	bias_km: number;
	bias_by_intent: boolean;
}

interface Candidate {
	id: string;
	site: string;
	limit: number;
	est: number;
	load_age_ms: Num;
	level: number;
	p: number;
	ramp: number;
	score: number;
	position: Num;
	why?: string;
}

interface Side {
	share: number;
	rank?: number;
	position?: Num;
}

interface Change {
	id?: string;
	site: string;
	region?: string;
	before: Side | null;
	after: Side | null;
	change: number;
}

/** What was, or (with `changes`) what would be if. */
interface Answer {
	snapshot: { number?: number; revision: number; age_ms?: number; service: string };
	client: Client;
	changes?: unknown[];
	sites: (Site & Change)[];
	nodes: (Candidate & Change)[];
	excluded?: { id: string; site: string; why: string }[];
	chosen?: { site: string; u: number } | null;
	flags: unknown;
}

const KINDS = [
	["without", "without the node"],
	["drained", "drained region"],
	["weight", "weight of the node"],
] as const;
type Kind = (typeof KINDS)[number][0];

function questionOf({ url }: Context): Question {
	const list = (key: Kind) => url.get(key).split(",").filter(Boolean);
	return {
		ip: url.get("ip"), device: url.get("device"), family: url.get("family"),
		without: list("without"), drained: list("drained"), weight: list("weight"),
	};
}

// -- the answer ---------------------------------------------------------------

function grid(label: string, heads: string[], rows: Child[]): Child {
	return h("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": label },
		h("table", {},
			h("caption", {}, label),
			h("thead", {}, h("tr", {}, heads.map((t) => h("th", { scope: "col" }, t)))),
			h("tbody", {}, rows.length ? rows
				: h("tr", {}, h("td", { colspan: heads.length, class: "empty" }, "None.")))));
}

const cells = (...values: Child[]): Child => values.map((v) => h("td", {}, v));
const full = (est: number, limit: number): Child =>
	[h("span", {}, `${count(est)} / ${count(limit)}`), usedBar(est, limit)];

/** What is taken off the cost, and whether an operator said so. */
const biasOf = (s: Site): Child => s.bias_by_intent
	? [biasText(s.bias_km), " ", badge("operator", "drain")]
	: s.bias_km ? biasText(s.bias_km) : NONE;

function clientLine(c: Client): Child {
	const place = [c.country, c.area, c.city].filter(Boolean).join(", ");
	return h("p", { class: "client" },
		h("strong", {}, c.ip ?? "A client"), ` ${place || "of unknown place"}`,
		c.lat != null && c.lon != null && ` (${c.lat.toFixed(2)}°, ${c.lon.toFixed(2)}°)`,
		c.carrier && `, ${c.carrier}`, ` · source ${c.source} · key `, h("code", {}, c.key));
}

function plainTables(context: Context, a: Answer): Child {
	return [
		grid("Sites, nearest first",
			["#", "Site", "Distance", "Bias", "Cost", "Share", "Room /s", "Full"],
			a.sites.map((s) => h("tr", { class: s.site === a.chosen?.site ? "chosen" : null },
				cells(s.rank, [targetLink(context, `region/${s.region}`, s.site),
					" ", s.site === a.chosen?.site && badge("chosen", "ok")],
				km(s.km), biasOf(s), km(s.cost),
				[h("span", {}, share(s.share)), bar(s.share)],
				rate(s.headroom_per_s), full(s.est, s.limit))))),
		grid("Nodes, in the answer's order",
			["#", "Node", "Site", "Chance p", "Full", "Level", "Ramp", "Score", "Load age", "Why"],
			a.nodes.map((n) => h("tr", { class: n.position ? "chosen" : null },
				cells(n.position ?? NONE, targetLink(context, `node/${n.id}`, n.id), n.site,
					n.p.toFixed(3), full(n.est, n.limit), n.level.toFixed(2),
					share(n.ramp), n.score.toFixed(2),
					n.load_age_ms == null ? NONE : `${rate(n.load_age_ms / 1000)} s`,
					n.why && badge(n.why, "hot"))))),
		!!a.excluded?.length && grid("Left out", ["Node", "Site", "Why"],
			a.excluded.map((n) => h("tr", {},
				cells(targetLink(context, `node/${n.id}`, n.id), n.site, badge(n.why, "hot"))))),
	];
}

function changedTables(context: Context, a: Answer): Child {
	const part = (side: Side | null) => (side ? share(side.share) : NONE);
	const row = (c: Change, link: Child, place: Child): Child =>
		h("tr", { class: c.change ? "chosen" : null },
			cells(link, place, part(c.before),
				[h("span", {}, part(c.after)), bar(c.after?.share ?? 0, c.before?.share ?? 0)],
				h("span", { class: c.change < 0 ? "less" : "more" },
					c.change ? `${c.change < 0 ? "−" : "+"}${share(Math.abs(c.change))}` : "")));
	const move = (c: Change) =>
		`${c.before?.position ?? NONE} → ${c.after?.position ?? NONE}`;
	const rank = (c: Change) => `${c.before?.rank ?? NONE} → ${c.after?.rank ?? NONE}`;
	return [
		grid("Sites, before and after", ["Site", "Rank", "Before", "After", "Change"],
			a.sites.map((s) => row(s, targetLink(context, `region/${s.region}`, s.site), rank(s)))),
		grid("Nodes, before and after", ["Node", "Position", "Before", "After", "Change"],
			a.nodes.map((n) => row(n, targetLink(context, `node/${n.id}`, n.id), move(n)))),
	];
}

function snapshotText({ snapshot, chosen }: Answer): string {
	const { number, revision, age_ms, service } = snapshot;
	return (number == null ? "" : `Snapshot ${number}, `) + `revision ${revision}`
		+ (age_ms == null ? "" : `, ${rate(age_ms / 1000)} s old`) + ` · service ${service}`
		+ (chosen ? ` · u = ${chosen.u.toFixed(4)}` : "");
}

function showAnswer(root: Element, context: Context, a: Answer): void {
	const flags = Array.isArray(a.flags) ? (a.flags as string[]) : [];
	replace(root,
		clientLine(a.client),
		flags.length > 0 && h("p", {}, flags.map((flag) => badge(flag, "hot"))),
		a.changes ? changedTables(context, a) : plainTables(context, a));
}

// -- the question -------------------------------------------------------------

/** The what-ifs as removable chips, and a line to add one. */
function whatIf(context: Context): HTMLElement {
	const { store, url } = context;
	const names = h("datalist", { id: "what-names" });
	const kind = choice(KINDS, "without", { "aria-label": "What if" });
	const name = h("input", { list: names.id, "aria-label": "Node or region", autocomplete: "off" });
	const weight = h("input", {
		type: "number", min: 0, max: 1000, value: 50, "aria-label": "New weight", hidden: true,
	});
	const chips = h("span", { class: "chips" });
	const root = h("fieldset", {}, h("legend", {}, "What if"), chips,
		h("div", { class: "fields" }, kind, name, weight,
			h("button", { type: "button", onclick: () => add() }, "Add"), names));

	const offer = (): void => {
		weight.hidden = kind.value !== "weight";
		const ids = kind.value === "drained"
			? (store.state?.regions ?? []).map((r) => r.id) : [...store.nodes.keys()];
		replace(names, ids.sort().map((id) => h("option", { value: id })));
	};
	const put = (key: Kind, list: string[]): void => url.set({ [key]: list.join(",") });
	const add = (): void => {
		if (!name.value.trim()) return name.focus();
		const key = kind.value as Kind;
		const item = name.value.trim() + (key === "weight" ? `:${weight.value}` : "");
		name.value = "";
		put(key, [...new Set([...questionOf(context)[key], item])]);
	};
	const show = (): void => {
		const q = questionOf(context);
		replace(chips, KINDS.map(([key, label]) => q[key].map((item) =>
			h("button", {
				type: "button", class: "chip", "aria-label": `Remove: ${label} ${item}`,
				onclick: () => put(key, q[key].filter((other) => other !== item)),
			}, `${label} ${item} ✕`))));
	};
	kind.onchange = name.onfocus = offer;
	name.onkeydown = (event) => {
		if (event.key !== "Enter") return;
		event.preventDefault();
		add();
	};
	root.addEventListener("show", show);
	show();
	return root;
}

export const mountExplain: Mount = (root, context) => {
	const { url, session } = context;
	let abort = new AbortController();
	const ip = h("input", { value: url.get("ip"), required: true, placeholder: "200.160.2.3", autocomplete: "off", spellcheck: "false" });
	const device = h("input", { value: url.get("device"), maxlength: 64, autocomplete: "off" });
	const family = choice([["", "as it came"], ["46", "both"], ["4", "IPv4"], ["6", "IPv6"]],
		url.get("family"));
	const changes = whatIf(context);
	const commands = h("div", { class: "commands" });
	const said = h("p", { class: "hint", role: "status" });
	const result = h("div", { class: "answer" });
	const form = h("form", {
		onsubmit: (event: Event) => {
			event.preventDefault();
			const before = location.search;
			url.set({ ip: ip.value.trim(), device: device.value.trim(), family: family.value });
			if (location.search === before) void load();
		},
	}, h("div", { class: "fields" },
		field("Client's address", ip), field("Device", device), field("Family", family),
		h("button", { class: "primary" }, "Explain")), changes);
	root.append(h("h1", {}, "Explain"), form, commands, said, result);

	async function load(): Promise<void> {
		const q = questionOf(context);
		abort.abort();
		if (!q.ip) {
			replace(commands);
			text(said, "");
			replace(result, h("p", { class: "empty" },
				"Which nodes does a client get, in which order, and why? Give its address."));
			return;
		}
		replace(commands,
			copyable("curl", curlLine(location.origin, q, session.who?.via === "cookie")),
			copyable("perictl", perictlLine(q)));
		abort = new AbortController();
		try {
			const a = await call<Answer>("GET",
				`/v1/explain?${questionQuery(q)}`, undefined, abort.signal);
			text(said, snapshotText(a));
			showAnswer(result, context, a);
		} catch (error) {
			text(said, "");
			failed(result, error);
		}
	}

	void load();
	const mine = ["ip", "device", "family", "without", "drained", "weight"] as const;
	const end = url.subscribe((changed) => {
		if (!mine.some((key) => changed.has(key))) return;
		ip.value = url.get("ip");
		device.value = url.get("device");
		family.value = url.get("family");
		changes.dispatchEvent(new Event("show"));
		void load();
	});
	return () => { end(); abort.abort(); };
};

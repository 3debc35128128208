// What an operator does to a node or a region: one dialog for each verb, a
// preview of what moves, and an undo. Every action is a PUT or a DELETE of the
// target's whole intent; members that a dialog is not about are kept.
import { call, path } from "./api.ts";
import type { Intent } from "./api.ts";
import { ask, choice, field, problemText, toast } from "./dialog.ts";
import { h, replace } from "./dom.ts";
import type { Child } from "./dom.ts";
import { share } from "./format.ts";
import { intentBody, intentLong, sinceText, untilText } from "./intent_text.ts";
import { forbidden, guarded } from "./view_login.ts";
import { bar } from "./widgets.ts";
import type { Context } from "./view.ts";

export type Scope = "node" | "region";
export type Verb = "drain" | "maintenance" | "weight" | "bias" | "release";

export interface Target {
	scope: Scope;
	id: string;
}

interface Moved {
	id: string;
	before: number;
	after: number;
}

interface Preview {
	regions: Moved[];
	nodes: Moved[];
	moved_share: number;
}

const PREVIEW_WAIT_MS = 250;
const REGIONS_SHOWN = 8;
/** How many changes a balancer reckons with at once. */
const CHANGES_MAX = 16;

export function intentOf(context: Context, target: Target): Intent | null {
	return context.store.state?.intents.find(
		(i) => i.scope === target.scope && i.id === target.id) ?? null;
}

// -- doing and undoing ------------------------------------------------------

/** The stream says so within a second; whoever goes on at once needs it now. */
function remember({ store }: Context, target: Target, now: Intent | null): void {
	if (!store.state) return;
	const others = store.state.intents.filter(
		(i) => i.scope !== target.scope || i.id !== target.id);
	store.state.intents = now ? [...others, now] : others;
}

/** At most 256 bytes, as every reason. */
export function undoReason(reason: string): string {
	const why = reason.startsWith("undo: ") ? reason : `undo: ${reason}`;
	return new TextDecoder().decode(new TextEncoder().encode(why).slice(0, 253));
}

/**
 * apply - make @after (a PUT's body; null: release) the target's intent and
 * offer the way back to @before. Throws a Problem.
 */
export async function apply(
	context: Context,
	target: Target,
	before: Intent | null,
	after: Record<string, unknown> | null,
	reason: string,
): Promise<void> {
	const at = `/v1/intent/${target.scope}/${encodeURIComponent(target.id)}`;
	const now = after
		? await call<Intent>("PUT", at, after)
		: (await call("DELETE", at, { reason }), null);
	remember(context, target, now);
	const why = undoReason(reason);
	const undo = () =>
		apply(context, target, now, before && intentBody(before, why), why).catch((error) => toast(`Not undone: ${problemText(error)}`));
	toast(now
		? `${target.id}: ${intentLong(now)}, ${untilText(now.until_wall_s)}.`
		: `${target.id}: released.`, "Undo", undo);
}

// -- the preview ------------------------------------------------------------

function movedRow(row: Moved): Child {
	const change = row.after - row.before;
	return h("tr", {},
		h("th", { scope: "row" }, row.id),
		h("td", {}, share(row.before)),
		h("td", {}, share(row.after), bar(row.after, row.before)),
		h("td", { class: change < 0 ? "less" : "more" },
			`${change < 0 ? "−" : "+"}${share(Math.abs(change))}`));
}

function previewTable(head: string, rows: Moved[]): Child {
	const moving = rows
		.filter((r) => Math.abs(r.after - r.before) >= 0.0005)
		.sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
	if (!moving.length) return null;
	return h("table", { class: "moves" },
		h("thead", {}, h("tr", {},
			[head, "now", "then", "change"].map((t) => h("th", { scope: "col" }, t)))),
		h("tbody", {}, moving.slice(0, REGIONS_SHOWN).map(movedRow)));
}

/** A place that shows what @changes would move, and how to ask it again. */
function previewBox(changes: () => Record<string, string> | string) {
	const box = h("div", { class: "preview", "aria-live": "polite" });
	let abort = new AbortController();
	let timer = 0;
	const load = async () => {
		const wanted = changes();
		if (typeof wanted === "string") return replace(box, h("p", {}, wanted));
		abort.abort();
		abort = new AbortController();
		try {
			const p = await call<Preview>("GET", path("/v1/preview", wanted), undefined,
				abort.signal);
			const regions = previewTable("region", p.regions);
			replace(box,
				h("p", {}, h("strong", {}, share(p.moved_share)),
					" of all first choices would move."),
				regions,
				p.nodes.length > 0 && h("details", { open: !regions },
					h("summary", {}, "Nodes"), previewTable("node", p.nodes)));
		} catch (error) {
			if ((error as Error).name !== "AbortError")
				replace(box, h("p", {}, `No preview: ${problemText(error)}`));
		}
	};
	const refresh = () => {
		clearTimeout(timer);
		timer = setTimeout(load, PREVIEW_WAIT_MS) as unknown as number;
	};
	void load();
	return { box, refresh };
}

function drainChanges(target: Target): Record<string, string> {
	return target.scope === "node" ? { without: target.id } : { drained: target.id };
}

function weightChanges(context: Context, target: Target, weight: string) {
	if (target.scope === "node") return { weight: `${target.id}:${weight}` };
	const nodes = [...context.store.nodes.values()]
		.filter((n) => n.region === target.id);
	return nodes.length > CHANGES_MAX
		? `No preview for more than ${CHANGES_MAX} nodes.`
		: { weight: nodes.map((n) => `${n.id}:${weight}`).join(",") };
}

// -- the dialogs ------------------------------------------------------------

/** What is shown of a dialog between its title and its reason. */
interface Part {
	fields: Child[];
	/** The members that the dialog is about. */
	members: () => Partial<Intent>;
}

function number(value: number | string, min: number, max: number, step = 1) {
	return h("input", { type: "number", value, min, max, step, required: true });
}

function drainPart(target: Target, now: Intent | null, state: Intent["state"]): Part {
	const pace = number(now?.shed_per_min ?? 10, 1, 100);
	const minutes = h("input", {
		type: "number", min: 1, max: 1440, placeholder: "no deadline",
		value: now?.deadline_s ? Math.ceil(now.deadline_s / 60) : null,
	});
	return {
		fields: [
			h("p", {}, state === "drain"
				? "It gets no new client from the next snapshot on, and lets the connected ones go at an even pace."
				: "As a drain; it also counts for no capacity, and its absence is no alarm."),
			h("div", { class: "fields" },
				field("Clients to let go, % a minute", pace),
				field("All gone within, minutes", minutes)),
			previewBox(() => drainChanges(target)).box,
		],
		members: () => ({
			state,
			shed_per_min: Number(pace.value),
			deadline_s: minutes.value ? Number(minutes.value) * 60 : null,
		}),
	};
}

function weightPart(context: Context, target: Target, now: Intent | null): Part {
	const node = context.store.nodes.get(target.id);
	const reported = target.scope === "node" ? node?.weight ?? 100 : 100;
	const value = now?.weight ?? reported;
	const input = number(value, 0, 1000);
	const slider = h("input", {
		type: "range", min: 0, max: 200, value, "aria-label": "Weight, 0 to 200",
	});
	const { box, refresh } = previewBox(() => weightChanges(context, target, input.value));
	input.oninput = () => { slider.value = input.value; refresh(); };
	slider.oninput = () => { input.value = slider.value; refresh(); };
	return {
		fields: [
			h("div", { class: "fields" },
				field("Weight, 100 is normal", input,
					target.scope === "node" && `The node reports ${reported}.`),
				slider),
			box,
		],
		members: () => ({ weight: Number(input.value) }),
	};
}

function biasPart(context: Context, target: Target, now: Intent | null): Part {
	const value = now?.bias_km ?? context.store.region(target.id)?.bias_km ?? 0;
	const input = number(value, -20000, 20000, 1);
	const { box, refresh } = previewBox(() => ({ bias: `${target.id}:${input.value}` }));
	input.oninput = refresh;
	return {
		fields: [
			field("Bias, km", input,
				"Above 0 the region counts as nearer and gets more clients, below 0 as farther."),
			box,
		],
		members: () => ({ bias_km: Number(input.value) }),
	};
}

const LENGTHS = [
	["", "until it is released"],
	["900", "for 15 minutes"],
	["3600", "for 1 hour"],
	["14400", "for 4 hours"],
	["86400", "for 1 day"],
	["604800", "for 7 days"],
] as const;

function lengthChoice(now: Intent | null): HTMLSelectElement {
	const kept = now?.until_wall_s ? [["keep", untilText(now.until_wall_s)] as const] : [];
	return choice([...kept, ...LENGTHS], kept.length ? "keep" : "");
}

function reasonInput(): HTMLInputElement {
	return h("input", { required: true, maxlength: 256, autocomplete: "off" });
}

const TITLES: Record<Verb, string> = {
	drain: "Drain",
	maintenance: "Maintenance of",
	weight: "Weight of",
	bias: "Bias of",
	release: "Release",
};

function byLine(context: Context): Child {
	const who = context.session.who;
	return h("p", { class: "hint" },
		`By ${who?.name || who?.role}, from now on; kept in the audit, can be undone.`);
}

function askRelease(context: Context, target: Target, now: Intent): void {
	const reason = reasonInput();
	ask(`Release ${target.id}`, "Release", [
		intentCard(now),
		h("p", {}, "What the ", target.scope, " itself reports counts again."),
		field("Reason", reason),
		byLine(context),
	], () => apply(context, target, now, null, reason.value));
}

/** openAction - the dialog for a verb; "release" needs an intent in force. */
export function openAction(context: Context, verb: Verb, target: Target): void {
	const now = intentOf(context, target);
	if (verb === "release") {
		if (now) askRelease(context, target, now);
		return;
	}
	const part = verb === "weight" ? weightPart(context, target, now)
		: verb === "bias" ? biasPart(context, target, now)
			: drainPart(target, now, verb);
	const until = lengthChoice(now);
	const reason = reasonInput();
	const submit = async () => {
		const { until_wall_s, ...kept } = now ?? ({} as Partial<Intent>);
		const body = intentBody({ ...kept, ...part.members() }, reason.value);
		if (until.value === "keep") body["until_wall_s"] = until_wall_s;
		else if (until.value) body["for_s"] = Number(until.value);
		await apply(context, target, now, body, reason.value);
	};
	ask(`${TITLES[verb]} ${target.id}`, verb === "drain" ? "Drain" : "Set", [
		now && intentCard(now),
		part.fields,
		h("div", { class: "fields" }, field("How long", until), field("Reason", reason)),
		byLine(context),
	], submit);
}

/** An intent with who, why, since and until. */
export function intentCard(i: Intent): HTMLElement {
	return h("div", { class: "intent" },
		h("strong", {}, intentLong(i)),
		h("span", {}, ` ${untilText(i.until_wall_s)}`),
		h("p", {}, `“${i.reason}” `, h("small", {}, `${i.by}, since ${sinceText(i)}`)));
}

/** The buttons for a target. */
export function actionButtons(context: Context, target: Target): HTMLElement {
	const now = intentOf(context, target);
	const verbs: [Verb, string][] = [
		["drain", now?.state === "drain" ? "Change drain" : "Drain"],
		["maintenance", "Maintenance"],
		["weight", "Weight"],
	];
	if (target.scope === "region") verbs.push(["bias", "Bias"]);
	if (now) verbs.push(["release", "Release"]);
	const why = forbidden(context.session.who);
	return h("div", {},
		h("div", { class: "actions", role: "group", "aria-label": "Actions" },
			verbs.map(([verb, label]) =>
				guarded(context, label, () => openAction(context, verb, target),
					{ "data-verb": verb }))),
		why && h("p", { class: "hint" }, why));
}

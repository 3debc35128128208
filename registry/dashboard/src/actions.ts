// What an operator does to a node or a region: one dialog for each verb, a
// preview of what moves, and an undo. Every action is a PUT or a DELETE of the
// target's whole intent; members that a dialog is not about are kept. So it is
// built on what the registry has now, not on the stream's copy, which may be
// old: read when a dialog opens, and changed only if that still holds (If-Match).
import { call, path, Problem } from "./api.ts";
import type { Intent } from "./api.ts";
import { ask, choice, field, problemText, toast } from "./dialog.ts";
import { h, replace } from "./dom.ts";
import type { Child } from "./dom.ts";
import { share } from "./format.ts";
import { intentBody, intentLong, isOver, sinceText, untilText } from "./intent_text.ts";
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
	basis: "demand" | "room";
}

const PREVIEW_WAIT_MS = 250;
const REGIONS_SHOWN = 8;

export function intentOf(context: Context, target: Target): Intent | null {
	return context.store.state?.intents.find(
		(i) => i.scope === target.scope && i.id === target.id) ?? null;
}

// -- doing and undoing ------------------------------------------------------

async function inForce({ scope, id }: Target): Promise<Intent | null> {
	const { intents } = await call<{ intents: Intent[] }>("GET", "/v1/intents");
	return intents.find((i) => i.scope === scope && i.id === id) ?? null;
}

const CHANGED = "Somebody has changed it meanwhile. This is what holds now:";

/** What a dialog shows of the intent in force; @again: it was another before. */
function holds(now: Intent | null, again?: boolean): Child {
	return [
		again && h("p", { class: "problem", role: "alert" }, CHANGED),
		now ? intentCard(now) : again && h("p", {}, "No intent."),
	];
}

/** At most 256 bytes, as every reason. */
function undoReason(reason: string): string {
	const why = reason.startsWith("undo: ") ? reason : `undo: ${reason}`;
	return new TextDecoder().decode(new TextEncoder().encode(why).slice(0, 253));
}

/**
 * apply - make @after (a PUT's body; null: release) the target's intent, if
 * @before is still in force, and offer the way back. Throws a Problem.
 * @again  asks anew, when something else holds by now
 * @returns what is to be done next, or nothing
 */
async function apply(
	target: Target,
	before: Intent | null,
	after: Record<string, unknown> | null,
	reason: string,
	again: () => unknown,
): Promise<unknown> {
	const at = `/v1/intent/${target.scope}/${encodeURIComponent(target.id)}`;
	const said = await call<Intent>(after ? "PUT" : "DELETE", at, after ?? { reason }, undefined,
		before ? { "If-Match": before.etag ?? "*" } : { "If-None-Match": "*" })
		.catch((error) => {
			if (error instanceof Problem && error.status === 412) return null;
			throw error;
		});
	if (!said) return again;
	const now = after && said;
	const why = undoReason(reason);
	const undo = () =>
		apply(target, now, before && intentBody(before, why), why,
			() => openUndo(target, before, reason, () => {}, true))
			.then((next) => (next as (() => unknown) | void)?.())
			.catch((error) => toast(`Not undone: ${problemText(error)}`));
	toast(now
		? `${target.id}: ${intentLong(now)}, ${untilText(now.until_wall_s)}.`
		: `${target.id}: released.`, "Undo", undo);
	return;
}

/** openUndo - ask whether to put back @before (null: release) for a reason. */
export const openUndo = opening(async (
	target: Target,
	before: Intent | null,
	reason: string,
	done: () => unknown,
	again?: boolean,
): Promise<void> => {
	const now = await inForce(target);
	const input = reasonInput(undoReason(reason));
	const over = !!before && isOver(before);
	ask(`Undo on ${target.id}`, "Undo", [
		holds(now, again),
		h("p", {}, before
			? ["Sets it to what it was before: ", h("strong", {}, intentLong(before)), ", ",
				over ? "until released: its end has passed." : `${untilText(before.until_wall_s)}.`]
			: "Releases it: what it reports counts again."),
		previewBox(() => wholeChanges(target, before)).box,
		field("Reason", input),
	], async () => {
		const next = await apply(target, now, before && intentBody(before, input.value),
			input.value, () => openUndo(target, before, reason, done, true));
		return next ?? done;
	});
});

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
function previewBox(changes: () => Record<string, string>) {
	const box = h("div", { class: "preview", "aria-live": "polite" });
	let abort = new AbortController();
	let timer = 0;
	const load = async () => {
		abort.abort();
		abort = new AbortController();
		try {
			const p = await call<Preview>("GET", path("/v1/preview", changes()), undefined,
				abort.signal);
			const regions = previewTable("region", p.regions);
			replace(box,
				h("p", {}, h("strong", {}, share(p.moved_share)),
					" of all first choices would move.",
					p.basis === "room" && " Nobody asks now: reckoned by the room that nodes have."),
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

const named = ({ scope, id }: Target): string => `${scope}/${id}`;

/** The whole intent of @target gives way to @after (null: to none). */
function wholeChanges(target: Target, after: Partial<Intent> | null) {
	const name = named(target);
	return {
		release: name,
		drained: after && after.state !== "up" ? name : "",
		weight: after?.weight == null ? "" : `${name}:${after.weight}`,
		bias: after?.bias_km == null ? "" : `${name}:${after.bias_km}`,
	};
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
			previewBox(() => ({ drained: named(target) })).box,
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
	const { box, refresh } = previewBox(() => ({ weight: `${named(target)}:${input.value}` }));
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
	const { box, refresh } = previewBox(() => ({ bias: `${named(target)}:${input.value}` }));
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

function reasonInput(value = ""): HTMLInputElement {
	return h("input", { required: true, maxlength: 256, autocomplete: "off", value });
}

/** @open, once at a time: what a dialog shows is read before it opens. */
function opening<A extends unknown[]>(open: (...args: A) => Promise<void>) {
	let busy = false;
	return async (...args: A): Promise<void> => {
		if (busy) return;
		busy = true;
		await open(...args).catch((error) => toast(problemText(error)));
		busy = false;
	};
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

/** openAction - the dialog for a verb; @again: what it showed has changed. */
export const openAction = opening(async (
	context: Context, verb: Verb, target: Target, again?: boolean,
): Promise<void> => {
	const now = await inForce(target);
	if (verb === "release" && !now && !again) return toast(`${target.id}: no intent holds.`);
	const part = verb === "weight" ? weightPart(context, target, now)
		: verb === "bias" ? biasPart(context, target, now)
			: verb === "release" ? null : drainPart(target, now, verb);
	const until = lengthChoice(now);
	const reason = reasonInput();
	const body = () => {
		if (!part) return null;
		const { until_wall_s, ...kept } = now ?? ({} as Partial<Intent>);
		const body = intentBody({ ...kept, ...part.members() }, reason.value);
		if (until.value === "keep") body["until_wall_s"] = until_wall_s;
		else if (until.value) body["for_s"] = Number(until.value);
		return body;
	};
	ask(`${TITLES[verb]} ${target.id}`, part && verb !== "drain" ? "Set" : TITLES[verb], [
		holds(now, again),
		part ? part.fields
			: [
				h("p", {}, "What the ", target.scope, " itself reports counts again."),
				previewBox(() => wholeChanges(target, null)).box,
			],
		h("div", { class: "fields" },
			part && field("How long", until), field("Reason", reason)),
		byLine(context),
	], () => apply(target, now, body(), reason.value,
		() => openAction(context, verb, target, true)));
});

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

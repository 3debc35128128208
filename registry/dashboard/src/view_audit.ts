// The audit: who did what to which target, why, and the way back.
import { openUndo } from "./actions.ts";
import type { Scope } from "./actions.ts";
import { call, path } from "./api.ts";
import type { Intent } from "./api.ts";
import { failed } from "./dialog.ts";
import { h, replace } from "./dom.ts";
import type { Child } from "./dom.ts";
import { moment } from "./format.ts";
import { holding } from "./event_list.ts";
import { intentLong } from "./intent_text.ts";
import type { Mount } from "./view.ts";
import { guarded } from "./view_login.ts";
import { targetLink } from "./widgets.ts";

interface Entry {
	seq: number;
	wall_s: number;
	by: string;
	role: string;
	from: string;
	action: string;
	target: string;
	before: Intent | null;
	after: Intent | null;
	reason: string;
}

const PAGE = 100;

const said = (i: Intent | null): string => (i ? intentLong(i) : "none");

export const mountAudit: Mount = (root, context) => {
	const { store, url, session } = context;
	let entries: Entry[] = [];
	const target = h("input", {
		type: "search", placeholder: "Target: node/ID or region/ID", "aria-label": "Target",
		value: url.get("target"), onchange: () => url.set({ target: target.value.trim() }),
	});
	const body = h("tbody");
	const trouble = h("div");
	const table = h("table", { class: "audit", "aria-label": "Audit" },
		h("thead", {}, h("tr", {},
			["When", "Who", "Did", "Target", "Before → after", "Reason", ""].map((title) =>
				h(title ? "th" : "td", title ? { scope: "col" } : {}, title)))), body);
	const hold = holding(body, newer);
	const older = h("button", { hidden: true, onclick: () => void load("before") }, "Older");
	let abort = new AbortController();
	root.append(h("h1", {}, "Audit"),
		h("div", { class: "filters", role: "search" }, target),
		hold.button, trouble, h("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": "Audit" }, table), older);

	const row = (entry: Entry): Child => {
		const intent = entry.action.startsWith("intent.");
		return h("tr", {},
			h("td", {}, h("time", { datetime: new Date(entry.wall_s * 1000).toISOString() },
				moment(entry.wall_s * 1000))),
			h("td", { title: entry.from }, entry.by || "–", entry.role && h("small", {}, ` ${entry.role}`)),
			h("td", {}, h("code", {}, entry.action)),
			h("td", {}, targetLink(context, entry.target)),
			h("td", {}, intent && `${said(entry.before)} → ${said(entry.after)}`),
			h("td", { class: "said" }, entry.reason),
			h("td", {}, intent && guarded(context, "Undo", () => {
				const [scope, id] = entry.target.split("/") as [Scope, string];
				void openUndo({ scope, id }, entry.before, entry.reason, newer);
			}, { "aria-label": `Undo ${entry.action} of ${entry.target}` })));
	};
	const show = (): void => replace(body, entries.length
		? entries.map(row)
		: h("tr", {}, h("td", { colspan: 7, class: "empty" }, "Nobody has done anything yet.")));

	/** The newest rows; @beside: those next to what is shown already. */
	async function load(beside?: "before" | "after"): Promise<void> {
		abort.abort();
		abort = new AbortController();
		const seq = beside && entries[beside === "after" ? 0 : entries.length - 1]?.seq;
		try {
			const got = await call<{ audit: Entry[]; more: boolean }>("GET", path("/v1/audit",
				{ target: url.get("target"), limit: PAGE, ...(seq && { [beside]: seq }) }),
				undefined, abort.signal);
			if (seq && beside === "after") {
				// More than a page of them: what lies between is not known.
				if (got.more) return void load();
			} else older.hidden = !got.more;
			entries = [...got.audit, ...(seq ? entries : [])].sort((a, b) => b.seq - a.seq);
			replace(trouble);
			show();
		} catch (error) {
			failed(trouble, error);
		}
	}

	function newer(): void { void load("after"); }

	void load();
	const ends = [
		session.subscribe(() => void load()),
		store.subscribe((change) =>
			(!change.nodes || change.log.some((event) => event.kind.startsWith("intent.")))
				&& hold.offer("More was done")),
		url.subscribe((changed) => changed.has("target") && void load()),
		() => abort.abort(),
	];
	return () => ends.forEach((end) => end());
};

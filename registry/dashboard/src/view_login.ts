// Logging in: with a token, or with a one-time code that came behind the # of
// the page's address, where no server sees it.
import { call } from "./api.ts";
import type { Whoami } from "./api.ts";
import { ask, choice, copyable, field, problemText, toast } from "./dialog.ts";
import { h, replace } from "./dom.ts";
import { duration } from "./format.ts";
import type { Context, Mount } from "./view.ts";

async function login(context: Context, secret: object): Promise<void> {
	await call("POST", "/v1/login", secret);
	await context.session.refresh();
	const who = context.session.who;
	toast(`Logged in as ${who?.name} (${who?.role}).`);
	if (context.store.phase !== "live") context.store.resume();
}

export function askLogin(context: Context, why = ""): void {
	const token = h("input", {
		type: "password", required: true, autocomplete: "off", spellcheck: "false",
	});
	ask("Log in", "Log in", [
		why && h("p", {}, why),
		field("Token", token, [
			"From ", h("code", {}, "admin.token"), " in the registry's state folder,",
			" or a line of its tokens file.",
		]),
	], () => login(context, { token: token.value.trim() }));
}

/** Give the code in #login=CODE to the registry; it leaves the address at once. */
async function takeLoginCode(context: Context): Promise<void> {
	const code = /^#login=([\w.~-]+)$/.exec(location.hash)?.[1];
	if (!code) return;
	history.replaceState(history.state, "", location.pathname + location.search);
	await login(context, { code }).catch((error) =>
		toast(`Not logged in: ${problemText(error)}`, "Log in", () => askLogin(context)));
}

async function logout(context: Context): Promise<void> {
	await call("POST", "/v1/logout").catch((error) => toast(problemText(error)));
	await context.session.refresh();
	context.store.resume();
}

/** An address that logs another person in, once. */
function askCode(): void {
	const role = choice(["viewer", "operator", "admin"].map((r) => [r, r] as const),
		"operator");
	const dialog = ask("Invite", "Make a link", [
		field("Role", role, "The link works once, and logs in whoever opens it."),
	], async () => {
		const made = await call<{ url: string; expires_s: number }>(
			"POST", "/v1/login-codes", { role: role.value });
		ask("Invitation", "Done", [
			h("p", {}, `For one ${role.value}, within ${duration(made.expires_s)}:`),
			copyable("address", made.url),
		], async () => {});
		dialog.close();
	});
}

/** Why @who may not act, or "" when they may. */
export function forbidden(who: Whoami | null): string {
	if (who?.may.operate) return "";
	return who?.role && who.role !== "none"
		? `Needs the role operator; you are ${who.role}.`
		: "Needs the role operator; you are not logged in.";
}

/**
 * guarded - a button for operators. For others it stays where it is, says why
 * it is off, and leads to the login.
 */
export function guarded(
	context: Context, label: string, act: () => void, attrs = {},
): HTMLButtonElement {
	const why = forbidden(context.session.who);
	return h("button", {
		...attrs,
		...(why && { "aria-disabled": "true", title: why, "aria-description": why }),
		onclick: () => (why ? askLogin(context, why) : act()),
	}, label);
}

/** Who looks at the page, and the way in or out. */
export const mountAccount: Mount = (root, context) => {
	const draw = () => {
		const who = context.session.who;
		const inside = who?.via === "cookie";
		replace(root,
			who && h("span", { class: "who" },
				who.name && who.name !== who.role ? `${who.name} (${who.role})` : who.role),
			who?.may.admin && inside && h("button", { class: "quiet", onclick: askCode }, "Invite"),
			inside
				? h("button", { class: "quiet", onclick: () => logout(context) }, "Log out")
				: h("button", { class: "quiet", onclick: () => askLogin(context) }, "Log in"));
	};
	draw();
	const ends = [
		context.session.subscribe(draw),
		// A registry that came back has forgotten its sessions.
		context.store.subscribe((change) =>
			change.phase && context.store.phase === "live" && void context.session.refresh()),
	];
	return () => ends.forEach((end) => end());
};

export const mountLogin: Mount = (_root, context) => {
	void takeLoginCode(context);
	return () => {};
};

// The bar on top: name, state of the stream, pause, theme, who is logged in.
import { attr, h, text } from "./dom.ts";
import { duration } from "./format.ts";
import { current, cycle } from "./theme.ts";
import type { Mount } from "./view.ts";
import { mountAccount } from "./view_login.ts";

const WORDS = {
	loading: "Connecting",
	live: "Live",
	paused: "Paused",
	stale: "Stale",
	denied: "No permission",
};

export const mountBar: Mount = (root, context) => {
	const { store } = context;
	const lamp = h("span", { class: "lamp", role: "status" });
	const pause = h("button", {
		class: "quiet",
		onclick: () => (store.phase === "paused" ? store.resume() : store.pause()),
	});
	const theme = h("button", { class: "quiet", onclick: () => { cycle(); name(); } });
	const account = h("span", { class: "account" });
	root.append(
		h("a", { class: "brand", href: "./" }, "Perihelion"),
		h("div", { class: "tools" }, lamp, pause, theme, account),
	);
	const name = (): void => {
		text(theme, current());
		attr(theme, "aria-label", `Colours: ${current()}`);
	};
	const show = (): void => {
		const { phase } = store;
		const old = phase === "stale" || phase === "paused";
		text(lamp, WORDS[phase] + (old ? `, ${duration(Math.round(store.ageS()))} old` : ""));
		attr(lamp, "title", store.why || null);
		text(pause, phase === "paused" ? "Resume" : "Pause");
		document.documentElement.dataset["phase"] = phase;
	};
	name();
	show();
	const timer = setInterval(show, 1000);
	const ends = [
		store.subscribe((change) => change.phase && show()),
		mountAccount(account, context),
		() => clearInterval(timer),
	];
	return () => ends.forEach((end) => end());
};

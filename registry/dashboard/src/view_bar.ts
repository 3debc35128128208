// The bar on top: name, state of the stream, pause, colours, who looks.
import { attr, h, replace, s, text } from "./dom.ts";
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
const THEMES = { auto: "◐", light: "○", dark: "●" };

// The comet goes once round its orbit in a minute of live data. The sun stands
// in a focus: a = 14, b = 8, c = 11.5.
function orbit(): { element: SVGSVGElement; step: () => void } {
	const comet = s("circle", { class: "comet", r: 2.6 });
	return {
		element: s("svg", { class: "orbit", viewBox: "-17 -11 34 22", "aria-hidden": "true" },
			s("ellipse", { rx: 14, ry: 8 }),
			s("circle", { class: "star", cx: 11.5, r: 2 }),
			comet),
		step: () => {
			const angle = (Date.now() % 60000) / 60000 * 2 * Math.PI;
			attr(comet, "cx", (14 * Math.cos(angle)).toFixed(1));
			attr(comet, "cy", (8 * Math.sin(angle)).toFixed(1));
		},
	};
}

export const mountBar: Mount = (root, context) => {
	const { store } = context;
	const { element, step } = orbit();
	const lamp = h("span", { class: "lamp" });
	const announced = h("span", { class: "unseen", role: "status" });
	const pause = h("button", {
		class: "quiet",
		onclick: () => (store.phase === "paused" ? store.resume() : store.pause()),
	});
	const theme = h("button", { class: "quiet theme", onclick: () => { cycle(); colours(); } });
	const account = h("span", { class: "account" });
	root.append(
		h("a", { class: "brand", href: "./" }, element, "Perihelion"),
		h("div", { class: "tools" }, lamp, announced, pause, theme, account));
	const colours = (): void => {
		text(theme, THEMES[current()]);
		attr(theme, "aria-label", `Colours: ${current()}`);
		attr(theme, "title", `Colours: ${current()}`);
	};
	const show = (): void => {
		const { phase } = store;
		const old = phase === "stale" || phase === "paused";
		replace(lamp, h("b", {}, WORDS[phase]),
			old ? ` ${duration(Math.round(store.ageS()))} old` : "");
		attr(lamp, "title", store.why || null);
		text(announced, WORDS[phase]);
		pause.hidden = phase === "denied" || phase === "loading";
		text(pause, phase === "paused" ? "Resume" : "Pause");
		document.documentElement.dataset["phase"] = phase;
		if (phase === "live") step();
	};
	colours();
	step();
	show();
	const timer = setInterval(show, 1000);
	const ends = [
		store.subscribe((change) => change.phase && show()),
		mountAccount(account, context),
		() => clearInterval(timer),
	];
	return () => ends.forEach((end) => end());
};

// The shell: header, navigation, one page at a time, and what lies over it.
import { toasts } from "./dialog.ts";
import { h, replace } from "./dom.ts";
import { Session } from "./session.ts";
import { Store } from "./store.ts";
import { apply } from "./theme.ts";
import { Url } from "./url.ts";
import type { Context, Mount } from "./view.ts";
import { mountAudit } from "./view_audit.ts";
import { mountBar } from "./view_bar.ts";
import { mountDrawer } from "./view_drawer.ts";
import { mountEvents } from "./view_events.ts";
import { mountExplain } from "./view_explain.ts";
import { mountLogin } from "./view_login.ts";
import { mountNodes } from "./view_nodes.ts";
import { mountNotices } from "./view_notices.ts";
import { mountOverview } from "./view_overview.ts";
import { mountStrip } from "./view_strip.ts";

const PAGES: { id: string; title: string; mount: Mount }[] = [
	{ id: "overview", title: "Overview", mount: mountOverview },
	{ id: "nodes", title: "Nodes", mount: mountNodes },
	{ id: "explain", title: "Explain", mount: mountExplain },
	{ id: "events", title: "Events", mount: mountEvents },
	{ id: "audit", title: "Audit", mount: mountAudit },
];

/** Another page; its states are others, so that filter does not go along. */
const to = (view: string) => ({ view, open: "", state: "" });

function navigation({ url }: Context, links: Map<string, HTMLAnchorElement>): Element {
	for (const { id, title } of PAGES)
		links.set(id, h("a", {
			onclick: (event: MouseEvent) => {
				if (event.metaKey || event.ctrlKey || event.shiftKey) return;
				event.preventDefault();
				url.set(to(id));
			},
		}, title));
	const address = (): void => links.forEach((link, id) => { link.href = url.link(to(id)); });
	address();
	url.subscribe(address);
	return h("nav", { "aria-label": "Pages" }, [...links.values()]);
}

function foot(): Element {
	return h("footer", {},
		"Client places: ",
		h("a", { href: "https://db-ip.com", rel: "noreferrer" }, "IP Geolocation by DB-IP"),
		", CC-BY-4.0. ",
		h("a", { href: "LICENSES.txt" }, "Licences"));
}

function start(): void {
	apply();
	const context: Context = {
		store: new Store(),
		url: new Url(),
		session: new Session(),
	};
	const { store, url, session } = context;
	const links = new Map<string, HTMLAnchorElement>();
	const bar = h("header", { class: "bar" });
	const strip = h("section", { class: "strip", "aria-label": "Status" });
	const notices = h("div", { class: "notices", role: "status" });
	const main = h("main", { id: "main", tabindex: -1 });
	const over = h("div", { class: "over" });
	document.body.append(
		h("a", { class: "skip", href: "#main" }, "To the content"),
		bar, strip, notices, main, foot(), over, toasts,
	);
	mountBar(bar, context);
	bar.children[0]!.after(navigation(context, links));
	mountStrip(strip, context);
	mountNotices(notices, context);
	mountDrawer(over, context);
	mountLogin(over, context);

	let unmount = (): void => {};
	const show = (): void => {
		const page = PAGES.find(({ id }) => id === url.get("view")) ?? PAGES[0]!;
		unmount();
		replace(main);
		main.className = `page ${page.id}`;
		document.title = `${page.title} · Perihelion`;
		unmount = page.mount(main, context);
		for (const [id, link] of links)
			if (id === page.id) link.setAttribute("aria-current", "page");
			else link.removeAttribute("aria-current");
	};
	url.subscribe((changed) => changed.has("view") && show());
	show();
	void session.refresh();
	store.start();
}

start();

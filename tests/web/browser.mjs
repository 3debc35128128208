// The browser: Debian's Chromium through playwright-core. Every page is watched:
// an error in the console, a request to elsewhere, a broken policy fail a test.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { ROOT, until } from "./daemons.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PROGRAM = process.env.CHROMIUM
	?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
let browser;

/** Answers that a page may get while a registry is away or refuses. */
const REFUSED = /Failed to load resource: (net::ERR_|the server responded with a status of (400|401|403|412|503))/;

export class Watched {
	errors = [];
	foreign = [];

	/**
	 * @options  playwright's for a context; `away`: the registry will be
	 *           away or refuse, which Chromium itself writes to the console
	 */
	static async open(url, { away, ...options } = {}) {
		browser ??= await chromium.launch({ executablePath: PROGRAM, args: ["--no-sandbox"] });
		const self = new Watched();
		self.context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
		self.page = await self.context.newPage();
		self.page.on("console", (message) => {
			if (!["error", "warning"].includes(message.type())) return;
			if (away && REFUSED.test(message.text())) return;
			self.errors.push(`${message.text()} (${message.location().url})`);
		});
		self.page.on("pageerror", (error) => self.errors.push(error.stack));
		const { origin } = new URL(url);
		self.page.on("request", (request) => {
			if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith("data:"))
				self.foreign.push(request.url());
		});
		self.response = await self.page.goto(url);
		return self;
	}

	/** Nothing went wrong behind what the test looked at. */
	clean() {
		if (this.errors.length) throw new Error(`console: ${this.errors.join("\n")}`);
		if (this.foreign.length) throw new Error(`foreign requests: ${this.foreign.join(" ")}`);
	}

	async close() {
		await this.context.close();
		this.clean();
	}

	/** Wait until the page says that the stream is in `phase`. */
	phase(phase, seconds = 15) {
		return until(() => this.page.evaluate((wanted) =>
			document.documentElement.dataset.phase === wanted, phase), `phase ${phase}`, seconds);
	}

	/** What axe-core finds; must be nothing. Our policy binds scripts of the
	 * page, not those that the debugger runs. */
	async axe() {
		await this.page.evaluate(AXE);
		const { violations } = await this.page.evaluate(() => window.axe.run());
		if (violations.length)
			throw new Error(violations.map(({ id, nodes }) => `axe ${id}: `
				+ nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")).join("\n"));
	}

	/** Nothing sticks out at the right. */
	async fits() {
		const [wide, room] = await this.page.evaluate(() =>
			[document.documentElement.scrollWidth, document.documentElement.clientWidth]);
		if (wide > room) throw new Error(`the page is ${wide} px wide in ${room} px`);
	}

	/** A picture in build/web/. */
	async picture(name, options = {}) {
		const folder = join(ROOT, "build/web");
		mkdirSync(folder, { recursive: true });
		await this.page.screenshot({ path: join(folder, `${name}.png`), ...options });
	}
}

export async function closeBrowser() {
	await browser?.close();
}

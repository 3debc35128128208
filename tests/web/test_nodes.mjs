// The node table: 2,000 nodes whose load changes all the time; order, filters,
// keys, the drawer. What that costs: test_load.mjs.
import assert from "node:assert/strict";
import http from "node:http";
import { Watched } from "./browser.mjs";
import { Fleet, until } from "./daemons.mjs";

const NODES = 2000;
const REGIONS = ["hk", "jp-tokyo", "de-frankfurt", "us-ashburn"];
const RENEWALS_PER_S = 400; // of as many as renew each 5 s
const ROWS = "table.nodes tbody:not([aria-hidden]) tr";

let fleet, renewing;
const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

function send(method, path, body) {
	return new Promise((done, fail) => {
		const request = http.request(new URL(path, fleet.nodesUrl),
			{ method, agent, headers: { "Content-Type": "application/json" } },
			(answer) => answer.resume().on("end", () => done(answer.statusCode)));
		request.on("error", fail);
		request.end(JSON.stringify(body));
	});
}

const id = (i) => `n-${String(i).padStart(4, "0")}`;

async function register(i) {
	const status = await send("PUT", `/v1/nodes/${id(i)}`, {
		service: "im.demo", region: REGIONS[i % REGIONS.length], zone: "ab"[i % 2],
		addrs: [`10.0.${i >> 8}.${i & 255}`], ports: { tcp: 3101 },
		capacity: 1000, boot_epoch: 5, ttl_ms: 60000,
	});
	assert.equal(status, 201);
}

/** As many nodes as really renew in a second, each with another load. */
function renew() {
	let at = 0, seq = 0;
	const timer = setInterval(() => {
		seq++;
		for (let n = 0; n < RENEWALS_PER_S / 10; n++, at = (at + 1) % NODES)
			send("POST", `/v1/nodes/${id(at)}/renew`,
				{ boot_epoch: 5, seq, conns: (at * 7 + seq * 13) % 1000 }).catch(() => {});
	}, 100);
	return () => clearInterval(timer);
}

export async function before() {
	fleet = new Fleet();
	await fleet.registry();
	const all = Array.from({ length: NODES }, (_v, i) => i);
	for (let at = 0; at < NODES; at += 100) await Promise.all(all.slice(at, at + 100).map(register));
	renewing = renew();
}

export async function after() {
	renewing?.();
	agent.destroy();
	await fleet?.stop();
}

const order = ({ page }) => page.locator(`${ROWS} th`).allTextContents();
const used = ({ page }) => page.locator(`${ROWS} .c-used`).allTextContents();

async function opened(query, options) {
	const watched = await Watched.open(`${fleet.url}?view=nodes${query}`, options);
	await watched.phase("live");
	await watched.page.locator(ROWS).first().waitFor();
	return watched;
}

/** Run @work on a page of its own, which must stay clean. */
const on = (query, work, options) => async () => {
	const watched = await opened(query, options);
	await work(watched, watched.page);
	await watched.close();
};

export const tests = [
	["2,000 nodes: only the rows in sight are built, the table says how many there are",
		on("", async (_watched, page) => {
			assert.ok(await page.locator(ROWS).count() < 60);
			assert.equal(await page.locator("table.nodes").getAttribute("aria-rowcount"), "2001");
			assert.match(await page.locator(".found").textContent(), /^2,000 nodes/);
		})],
	["no row moves under the pointer, figures go on", on("&sort=-used", async (watched, page) => {
		const free = await order(watched);
		await until(async () => String(await order(watched)) !== String(free), "rows move without it");
		await page.hover(`${ROWS}:nth-child(3)`);
		const held = await order(watched);
		const figures = String(await used(watched));
		await until(async () => String(await used(watched)) !== figures, "figures go on");
		for (let delta = 0; delta < 3; delta++) {
			const before = String(await used(watched));
			await until(async () => String(await used(watched)) !== before, "the next delta");
			assert.deepEqual(await order(watched), held);
		}
		await page.mouse.move(4, 4);
		await until(async () => String(await order(watched)) !== String(held), "free again");
	})],
	["keys walk the rows, Enter opens, Escape comes back", on("", async (watched, page) => {
		const focused = () => page.evaluate(() => document.activeElement.textContent);
		await page.locator(`${ROWS} button[tabindex="0"]`).focus();
		const [first, second] = await order(watched);
		await page.keyboard.press("ArrowDown");
		assert.equal(await focused(), second);
		await page.keyboard.press("ArrowUp");
		assert.equal(await focused(), first);
		await page.keyboard.press("End");
		const last = await focused();
		assert.equal(last, "n-1999");
		assert.equal(await page.locator(`${ROWS}:last-child`).getAttribute("aria-rowindex"), "2001");
		await page.keyboard.press("Enter");
		await until(async () => await page.locator(".drawer h2").textContent() === last, "drawer");
		assert.equal(await focused(), last);
		assert.match(page.url(), new RegExp(`open=node%2F${last}`));
		await page.keyboard.press("Escape");
		await page.locator(".drawer").waitFor({ state: "hidden" });
		assert.equal(await focused(), last);
	})],
	["search, region and sorting live in the address", on("", async (watched, page) => {
		await page.getByLabel("Search nodes").fill("n-000");
		await page.getByLabel("Region").selectOption("hk");
		await page.getByRole("button", { name: "Node", exact: true }).click();
		await page.getByRole("button", { name: "Node", exact: true }).click();
		await until(async () => String(await order(watched)) === "n-0008,n-0004,n-0000", "three rows");
		assert.match(await page.locator(".found").textContent(), /^3 of 2,000 nodes/);
		assert.equal(await page.locator("th[aria-sort]").getAttribute("aria-sort"), "descending");
		const again = await opened(new URL(page.url()).search.replace("?view=nodes", ""));
		assert.deepEqual(await order(again), ["n-0008", "n-0004", "n-0000"]);
		await again.close();
		await page.getByLabel("Search nodes").fill("nothing like it");
		await page.getByText("No node matches.").waitFor();
	})],
	["a filter on the state", on("", async (_watched, page) => {
		await page.getByLabel("State").selectOption("down");
		await page.getByText("No node matches.").waitFor();
		await page.getByLabel("State").selectOption("ready");
		await until(async () => /^2,000/.test(await page.locator(".found").textContent()), "all are ready");
	})],
	["scrolled by the wheel, the keys go on from where they were", on("", async (_watched, page) => {
		await page.locator(`${ROWS} button[tabindex="0"]`).focus();
		await page.hover("table.nodes");
		await page.mouse.wheel(0, 20000);
		// The row that has the focus stays built, wherever the others are.
		await until(() => page.evaluate((rows) => [...document.querySelectorAll(rows)].some((row) =>
			row.getAttribute("aria-rowindex") > 100), ROWS), "it scrolled");
		await page.keyboard.press("ArrowDown");
		assert.equal(await page.evaluate(() => document.activeElement.closest("tr").getAttribute("aria-rowindex")), "3");
	})],
	["axe finds nothing: table, drawer, dark, 390 px", async () => {
		for (const colorScheme of ["light", "dark"])
			await on("", async (watched, page) => {
				await watched.axe();
				await page.locator(`${ROWS} button`).first().click();
				await page.locator(".drawer h2").waitFor();
				await watched.axe();
				await watched.picture(`nodes-${colorScheme}`);
			}, { colorScheme })();
		await on("", async (watched) => {
			await watched.fits();
			await watched.axe();
			await watched.picture("nodes-390");
		}, { viewport: { width: 390, height: 844 } })();
	}],
];

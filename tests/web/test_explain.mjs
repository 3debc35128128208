// Explain: an address, what if, the same question for a shell; events and
// their files.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Watched } from "./browser.mjs";
import { BUILD, Fleet, until } from "./daemons.mjs";

let fleet;

export async function before() {
	fleet = new Fleet();
	await fleet.demo();
	await until(async () => (await fleet.get("/v1/state")).status.ready === 22, "all are ready", 30);
	await until(async () => (await fleet.get("/v1/explain?ip=200.160.2.3")).nodes.length, "explain answers", 20);
}

export async function after() {
	await fleet?.stop();
}

const on = (query, work, options) => async () => {
	const watched = await Watched.open(fleet.url + query, options);
	watched.page.setDefaultTimeout(15000);
	await watched.phase("live");
	await work(watched, watched.page);
	await watched.close();
};

const table = (page, name) => page.getByRole("region", { name });
const column = (page, name, n) => table(page, name).locator(`tbody tr > :nth-child(${n})`).allTextContents();

/** A line of the page, in a shell where perictl is the one that was built. */
function shell(line) {
	return execFileSync("bash", ["-c", line], {
		encoding: "utf8",
		env: { ...process.env, PATH: `${join(BUILD, "bin")}:${process.env.PATH}`,
			PERI_BALANCER_ADMIN: fleet.balancerAdmin, PERI_REGISTRY_ADMIN: fleet.url.replace(/\/$/, "") },
	});
}

export const tests = [
	["an address: sites and nodes as the balancer ranks them", on("?view=explain", async (watched, page) => {
		await page.getByText("Give its address.").waitFor();
		await page.getByLabel("Client's address").fill("200.160.2.3");
		await page.getByLabel("Device").fill("phone-1");
		await page.keyboard.press("Enter");
		await table(page, "Sites, nearest first").waitFor();
		const want = await fleet.get("/v1/explain?ip=200.160.2.3&device=phone-1");
		assert.deepEqual((await column(page, "Sites, nearest first", 2)).map((t) => t.split(" ")[0]),
			want.sites.map(({ site }) => site));
		assert.equal((await column(page, "Nodes, in the answer's order", 2)).length, want.nodes.length);
		await page.locator(".client", { hasText: "200.160.2.3 BR" }).waitFor();
		assert.match(page.url(), /ip=200\.160\.2\.3&device=phone-1/);
		await watched.axe();
		await watched.picture("explain");
	})],
	["what if a region were drained: before and after, in the address too", on("?view=explain&ip=200.160.2.3", async (watched, page) => {
		await table(page, "Sites, nearest first").waitFor();
		await page.getByLabel("What if").last().selectOption("drained");
		await page.getByLabel("Node or region").fill("us-ashburn");
		await page.getByRole("button", { name: "Add" }).click();
		await table(page, "Sites, before and after").waitFor();
		const gone = table(page, "Sites, before and after").locator("tr", { hasText: "us-ashburn/a" });
		assert.match(await gone.textContent(), /→/);
		assert.match(page.url(), /drained=us-ashburn/);
		await watched.axe();
		await page.getByRole("button", { name: "Remove: drained region us-ashburn" }).click();
		await table(page, "Sites, nearest first").waitFor();
	})],
	["the same from a shell, by curl and by perictl", on("?view=explain&ip=200.160.2.3&device=phone-1&family=4", async (_watched, page) => {
		await table(page, "Sites, nearest first").waitFor();
		const [curl, perictl] = await page.locator(".command code").allTextContents();
		const said = JSON.parse(shell(curl));
		assert.equal(said.client.ip, "200.160.2.3");
		assert.equal(said.client.family, "4");
		assert.match(shell(perictl), /client +200\.160\.2\.3[^]*sites, nearest first/);
	})],
	["what is no address is refused in the balancer's words", on("?view=explain&ip=nonsense", async (_watched, page) => {
		await page.getByRole("alert").waitFor();
		assert.match(await page.getByRole("alert").textContent(), /ip/);
	}, { away: true })],
	["events: newest first, filtered by kind, severity and target", on("?view=events", async (watched, page) => {
		const rows = page.locator(".page .events > li[data-id]");
		await rows.first().waitFor();
		const ids = await rows.evaluateAll((items) => items.map((item) => Number(item.dataset.id)));
		assert.deepEqual(ids, [...ids].sort((a, b) => b - a));
		await watched.axe();
		await watched.picture("events");
		await page.getByLabel("Kind").selectOption("node.join");
		await until(async () => await rows.count() === 22, "one for each node");
		await page.getByLabel("Target").fill("region/hk");
		await page.keyboard.press("Enter");
		await until(async () => await rows.count() === 2, "those of a region");
		assert.match(page.url(), /kind=node\.join&target=region%2Fhk/);
		await page.getByLabel("Severity").selectOption("warn");
		await page.getByText("No event matches.").waitFor();
	})],
	["events: what is filtered is what is downloaded", on("?view=events&kind=node.join&target=region/hk", async (_watched, page) => {
		for (const [name, file, lines] of [["JSON lines", /\.jsonl$/, 2], ["CSV", /\.csv$/, 3]]) {
			const [download] = await Promise.all([
				page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
			assert.match(download.suggestedFilename(), file);
			const text = await download.createReadStream().then(async (stream) =>
				(await stream.toArray()).join(""));
			assert.equal(text.trim().split("\n").length, lines, text);
		}
	})],
	["events: a new one comes by itself, and waits while the pointer is on the list", on("?view=events&kind=node.join", async (_watched, page) => {
		const rows = page.locator(".page .events > li[data-id]");
		await until(async () => await rows.count() === 22, "one for each node");
		const join = (id) => fetch(`${fleet.nodesUrl}/v1/nodes/${id}`, {
			method: "PUT", headers: { "Content-Type": "application/json" },
			body: JSON.stringify({ service: "im.demo", region: "hk", addrs: ["10.0.0.9"],
				ports: { tcp: 3101 }, capacity: 10, boot_epoch: 1 }),
		});
		await join("late-1");
		await rows.first().getByText("node/late-1").waitFor();
		await page.hover(".page .events > li:nth-child(3)");
		await join("late-2");
		await page.getByRole("button", { name: "1 new event" }).waitFor();
		await rows.first().getByText("node/late-1").waitFor();
		await page.getByRole("button", { name: "1 new event" }).click();
		await rows.first().getByText("node/late-2").waitFor();
	})],
	["390 px: explain and events fit, dark", async () => {
		for (const query of ["?view=explain&ip=200.160.2.3", "?view=events"])
			await on(query, async (watched, page) => {
				await page.locator(".answer table, .events li").first().waitFor();
				await watched.fits();
				await watched.axe();
			}, { viewport: { width: 390, height: 844 }, colorScheme: "dark" })();
	}],
];

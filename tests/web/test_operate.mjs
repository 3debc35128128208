// The operator's hand: roles, logging in, drain, weight, undo, audit.
import assert from "node:assert/strict";
import { Watched } from "./browser.mjs";
import { Fleet, until } from "./daemons.mjs";

const REGION = "de-frankfurt"; // far from the others: its clients really move
const TITLE = "Frankfurt";
let fleet;

export async function before() {
	fleet = new Fleet();
	await fleet.demo();
	await until(async () => {
		const { status, flows } = await fleet.get("/v1/state");
		return status.ready === 22 && flows.some(({ region }) => region === REGION);
	}, "clients are sent everywhere", 30);
}

export async function after() {
	await fleet?.stop();
}

/** The admin listener, as whoever has the token. */
async function ask(method, path, body) {
	const answer = await fetch(new URL(path, fleet.url), {
		method, ...(body && { body: JSON.stringify(body) }),
		headers: { "Content-Type": "application/json", Authorization: `Bearer ${fleet.token}` },
	});
	if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
	return answer.json().catch(() => null);
}
const put = (target, intent) => ask("PUT", `/v1/intent/${target}`, { reason: "by another", ...intent });
const release = (target, reason = "by another") => ask("DELETE", `/v1/intent/${target}`, { reason });

/** No test leaves an intent to the next, nor needs one of the last. */
const fresh = ([name, work]) => [name, async () => {
	for (const { scope, id } of (await fleet.get("/v1/intents")).intents)
		await release(`${scope}/${id}`, "the next test");
	await until(async () => (await intents()).length === 0, "no intent");
	await work();
}];

/** A page for whoever has the token; without one a viewer's. */
const on = (query, work, { token, ...options } = {}) => async () => {
	const watched = await Watched.open(fleet.url + query, {
		...(token && { extraHTTPHeaders: { Authorization: `Bearer ${fleet.token}` } }),
		...options,
	});
	watched.page.setDefaultTimeout(15000);
	await watched.phase("live");
	await work(watched, watched.page);
	await watched.close();
};
const asAdmin = (query, work, options) => on(query, work, { token: true, ...options });

const verb = (page, name) => page.locator(`.drawer [data-verb=${name}]`);
const dialog = (page) => page.locator("dialog[open]");
const toast = (page) => page.locator(".toast").last();
const intents = async () => (await fleet.get("/v1/state")).intents;
const only = async () => (await fleet.get("/v1/intents")).intents[0];

/** The text of each cell of a column of the arcs' table. */
async function arcs(page, column) {
	await page.locator("details > summary", { hasText: "arcs as a table" }).evaluate((summary) => {
		summary.parentElement.open = true;
	});
	return page.locator(`details tbody tr > :nth-child(${column})`).allTextContents();
}

export const tests = [
	["a viewer sees why the buttons are off, and is led to the login", on(`?open=node/fra-1`, async (watched, page) => {
		const drain = verb(page, "drain");
		await drain.waitFor();
		assert.equal(await drain.getAttribute("aria-disabled"), "true");
		assert.match(await page.locator(".actions + .hint").textContent(), /Needs the role operator; you are viewer/);
		await drain.click({ force: true }); // aria-disabled: it says why
		await dialog(page).getByText("Needs the role operator").waitFor();
		await dialog(page).getByLabel("Token").waitFor();
		await watched.axe();
		await page.keyboard.press("Escape");
		await dialog(page).waitFor({ state: "detached" });
		assert.equal(await page.evaluate(() => document.activeElement.dataset.verb), "drain");
	})],

	["a viewer's request is refused, whatever the page shows", on("", async (_watched, page) => {
		const status = await page.evaluate(() => fetch("/v1/intent/node/fra-1", {
			method: "PUT", headers: { "Content-Type": "application/json" },
			body: JSON.stringify({ state: "drain", reason: "x" }),
		}).then((answer) => answer.status));
		assert.ok([401, 403].includes(status), `${status}`);
		assert.deepEqual(await intents(), []);
	}, { away: true })],

	["log in by token, invite somebody, log out", on("", async (watched, page) => {
		await page.getByRole("button", { name: "Log in" }).click();
		await page.getByLabel("Token").fill("not the token");
		await page.keyboard.press("Enter");
		await dialog(page).getByRole("alert").waitFor();
		assert.notEqual(await dialog(page).getByRole("alert").textContent(), "");
		await page.getByLabel("Token").fill(fleet.token);
		await page.keyboard.press("Enter");
		await dialog(page).waitFor({ state: "detached" });
		await page.locator(".who", { hasText: "admin" }).waitFor();
		assert.equal(await page.evaluate(() => document.cookie), "");
		await page.reload();
		await page.getByRole("button", { name: "Invite" }).click();
		await watched.axe();
		await page.getByLabel("Role").selectOption("operator");
		await page.getByRole("button", { name: "Make a link" }).click();
		const invitation = await dialog(page).locator("code").textContent();
		assert.ok(invitation.startsWith(`${fleet.url}#login=`), invitation);
		await page.keyboard.press("Escape");
		await dialog(page).waitFor({ state: "detached" });
		await page.setViewportSize({ width: 390, height: 844 });
		await watched.fits();
		await page.getByRole("button", { name: "Log out" }).click();
		await page.locator(".who", { hasText: "viewer" }).waitFor();
	}, { away: true })],

	["log in by an invitation: the code leaves the address, works once, may act", async () => {
		const { url } = await ask("POST", "/v1/login-codes", { role: "operator" });
		const { hash } = new URL(url);
		await on(hash, async (_watched, page) => {
			await page.locator(".who", { hasText: "operator" }).waitFor();
			assert.equal(new URL(page.url()).hash, "");
			await page.goto(`${fleet.url}?open=node/fra-1`);
			await verb(page, "maintenance").click();
			await page.getByLabel("Reason").fill("a disk");
			await page.keyboard.press("Enter");
			await toast(page).getByText("fra-1: maintenance").waitFor();
			await toast(page).getByRole("button", { name: "Undo" }).click();
			await toast(page).getByText("fra-1: released").waitFor();
		})();
		await on(hash, async (_watched, page) => {
			await toast(page).getByText("Not logged in").waitFor();
			await page.locator(".who", { hasText: "viewer" }).waitFor();
		}, { away: true })();
	}],

	["drain a region: its arcs and shares go elsewhere; undo: they come back", asAdmin("", async (watched, page) => {
		await until(async () => (await arcs(page, 2)).includes(TITLE), "arcs to it");
		await page.goto(`${fleet.url}?open=region/${REGION}`);
		await verb(page, "drain").click();
		await dialog(page).getByText("of all first choices would move").waitFor();
		await watched.axe();
		await dialog(page).getByRole("button", { name: "Drain" }).click();
		assert.equal(await dialog(page).count(), 1, "a reason is required");
		await page.getByLabel("Clients to let go").fill("30");
		await page.getByLabel("All gone within").fill("20");
		await page.getByLabel("How long").selectOption("3600");
		await page.getByLabel("Reason").fill("cable works");
		await watched.picture("dialog-drain");
		await dialog(page).getByRole("button", { name: "Drain" }).click();
		await toast(page).getByText(`${REGION}: drain, 30 % a minute, within 20 min, until`).waitFor();
		const [now] = await intents();
		assert.deepEqual([now.id, now.state, now.shed_per_min, now.deadline_s, now.by, now.reason],
			[REGION, "drain", 30, 1200, "admin", "cable works"]);
		assert.equal(now.until_wall_s - now.since_wall_s, 3600);
		await page.locator(".drawer .intent", { hasText: "cable works" }).waitFor();
		await page.locator(".drawer .badge", { hasText: "drain" }).first().waitFor();
		await until(async () => {
			const to = await arcs(page, 2);
			return to.length > 0 && !to.includes(TITLE);
		}, "no arc goes there", 20);
		const { regions } = await fleet.get("/v1/state");
		assert.equal(regions.find(({ id }) => id === REGION).first_share, 0);
		await toast(page).getByRole("button", { name: "Undo" }).click();
		await toast(page).getByText(`${REGION}: released`).waitFor();
		assert.deepEqual(await intents(), []);
		await until(async () => (await arcs(page, 2)).includes(TITLE), "arcs to it again", 20);
	})],

	["release and undo say beforehand who comes back", asAdmin(`?open=region/${REGION}`, async (watched, page) => {
		await put(`region/${REGION}`, { state: "drain", weight: 50 });
		await verb(page, "release").click();
		const moves = () => until(async () => /^[1-9][^]*of all first choices would move/
			.test(await dialog(page).locator(".preview").textContent()), "something would move");
		await moves();
		const row = dialog(page).locator("table.moves tr", { hasText: REGION });
		assert.match(await row.textContent(), /^de-frankfurt0 %[1-9].*\+/);
		await watched.axe();
		await watched.picture("dialog-release");
		await page.emulateMedia({ colorScheme: "dark" });
		await watched.picture("dialog-release-dark");
		await page.getByLabel("Reason").fill("repaired");
		await page.keyboard.press("Enter");
		await toast(page).getByText(`${REGION}: released`).waitFor();
		await until(async () => (await fleet.get("/v1/state")).regions
			.find(({ id }) => id === REGION).first_share > 0, "clients come back", 20);
		await page.goto(`${fleet.url}?view=audit&target=region/${REGION}`);
		const asked = page.waitForRequest((request) => request.url().includes("/v1/preview?"));
		await page.locator("table.audit tbody tr", { hasText: "repaired" }).first()
			.getByRole("button", { name: /^Undo/ }).click();
		const { searchParams } = new URL((await asked).url());
		assert.deepEqual([...searchParams], [["release", `region/${REGION}`],
			["drained", `region/${REGION}`], ["weight", `region/${REGION}:50`]]);
		await moves();
	})],

	["a region's weight: one question for all its nodes", asAdmin(`?open=region/${REGION}`, async (_watched, page) => {
		await verb(page, "weight").click();
		const asked = page.waitForRequest((request) => request.url().includes("/v1/preview?")
			&& new URL(request.url()).searchParams.get("weight") === `region/${REGION}:5`);
		await page.getByLabel("Weight, 100 is normal").fill("5");
		await asked;
		await until(async () => /^[1-9][^]*of all first choices would move/
			.test(await dialog(page).locator(".preview").textContent()), "something would move");
	})],

	["weight with a preview of what moves; the table shows both weights", asAdmin("?view=nodes&q=fra-1&open=node/fra-1", async (watched, page) => {
		await verb(page, "weight").click();
		await page.getByLabel("Weight, 100 is normal").fill("20");
		await dialog(page).locator(".preview strong").waitFor();
		await until(async () => {
			const text = await dialog(page).locator(".preview").textContent();
			return !text.startsWith("0 %") && /of all first choices would move/.test(text);
		}, "something would move");
		await watched.axe();
		await page.getByLabel("Reason").fill("half the memory is gone");
		await watched.picture("dialog-weight");
		await page.keyboard.press("Enter");
		await toast(page).getByText("fra-1: weight 20, until released").waitFor();
		await page.locator("table.nodes .c-weight", { hasText: "100 → 20" }).waitFor();
		await page.locator(".drawer dd", { hasText: "100 reported, 20 effective" }).waitFor();
	})],

	["drain what has a weight: the weight is kept; release by the button", asAdmin("?open=node/fra-1", async (_watched, page) => {
		await put("node/fra-1", { state: "up", weight: 20 });
		await page.locator(".drawer .intent", { hasText: "weight 20" }).waitFor();
		await verb(page, "drain").click();
		await page.getByLabel("Reason").fill("and now all of it");
		await page.keyboard.press("Enter");
		await toast(page).getByText("fra-1: drain, weight 20, 10 % a minute").waitFor();
		await page.locator(".drawer .intent", { hasText: "and now all of it" }).waitFor();
		await verb(page, "release").click();
		await dialog(page).getByText("and now all of it").waitFor();
		await page.getByLabel("Reason").fill("repaired");
		await page.keyboard.press("Enter");
		await toast(page).getByText("fra-1: released").waitFor();
		assert.deepEqual(await intents(), []);
	})],

	["what a colleague did while the page was paused is kept, not undone", asAdmin("", async (_watched, page) => {
		await page.getByRole("button", { name: "Pause" }).click();
		await put(`region/${REGION}`, { state: "drain" });
		await page.getByLabel(`Details of ${TITLE}`).click();
		await verb(page, "weight").click();
		await dialog(page).locator(".intent", { hasText: "drain" }).waitFor();
		await page.getByLabel("Weight, 100 is normal").fill("20");
		await page.getByLabel("Reason").fill("a disk");
		await page.keyboard.press("Enter");
		await toast(page).getByText(`${REGION}: drain, weight 20`).waitFor();
		const { state, weight } = await only();
		assert.deepEqual([state, weight], ["drain", 20]);
	})],

	["changed under an open dialog, or before an undo: what holds now is shown and asked again", asAdmin("?open=node/fra-1", async (_watched, page) => {
		await verb(page, "weight").click();
		await page.getByLabel("Weight, 100 is normal").fill("20");
		await page.getByLabel("Reason").fill("a disk");
		await put("node/fra-1", { state: "maintenance" });
		await page.keyboard.press("Enter");
		await dialog(page).getByRole("alert").getByText("Somebody has changed it").waitFor();
		await dialog(page).locator(".intent", { hasText: "maintenance" }).waitFor();
		assert.equal((await only()).weight, null);
		await page.getByLabel("Weight, 100 is normal").fill("30");
		await page.getByLabel("Reason").fill("a disk");
		await page.keyboard.press("Enter");
		await toast(page).getByText("fra-1: maintenance, weight 30").waitFor();
		await put("node/fra-1", { state: "drain" });
		await toast(page).getByRole("button", { name: "Undo" }).click();
		await dialog(page).getByRole("alert").getByText("Somebody has changed it").waitFor();
		await dialog(page).locator(".intent", { hasText: "drain" }).waitFor();
		assert.equal((await only()).state, "drain");
		await page.keyboard.press("Enter");
		await toast(page).getByText("fra-1: maintenance").waitFor();
		assert.equal((await only()).state, "maintenance");
	}, { away: true })],

	["an undo of what had an end that has passed says so, and is not refused", asAdmin("?view=audit&target=node/fra-2", async (_watched, page) => {
		await put("node/fra-2", { state: "up", weight: 20, for_s: 2 });
		await release("node/fra-2", "too early");
		const row = page.locator("table.audit tbody tr", { hasText: "too early" }).first();
		await row.waitFor();
		const before = (await ask("GET", "/v1/audit?target=node/fra-2")).audit
			.find(({ reason }) => reason === "too early").before;
		await until(() => Date.now() / 1000 > before.until_wall_s + 1, "its end");
		await row.getByRole("button", { name: /^Undo/ }).click();
		await dialog(page).getByText("until released: its end has passed").waitFor();
		await page.keyboard.press("Enter");
		await toast(page).getByText("fra-2: weight 20, until released").waitFor();
	})],

	["the audit names who, what and why, and takes it back", asAdmin("?view=audit&target=node/hkg-1", async (watched, page) => {
		await put("node/hkg-1", { state: "drain", weight: 20 });
		await release("node/hkg-1", "repaired");
		const row = page.locator("table.audit tbody tr").first();
		await page.locator("table.audit td", { hasText: "repaired" }).waitFor();
		assert.match(await row.textContent(), /admin.*intent\.delete.*node\/hkg-1.*drain, weight 20.*→ none.*repaired/);
		await watched.axe();
		await watched.picture("audit");
		await row.getByRole("button", { name: /^Undo/ }).click();
		await dialog(page).getByText("drain, weight 20").waitFor();
		await page.keyboard.press("Enter");
		await toast(page).getByText("hkg-1: drain, weight 20").waitFor();
		await page.locator("table.audit tbody tr", { hasText: "undo: repaired" }).waitFor();
		await toast(page).getByRole("button", { name: "Undo" }).click();
		await until(async () => (await intents()).length === 0, "released");
	})],

	["the audit goes back as far as the registry remembers, and keeps that when more is done", asAdmin("?view=audit&target=node/old-1", async (watched, page) => {
		for (let i = 0; i < 105; i++) await put("node/old-1", { state: "up", weight: i, reason: `change ${i}.` });
		const rows = page.locator("table.audit tbody tr");
		const older = page.getByRole("button", { name: "Older" });
		await page.reload();
		await until(async () => await rows.count() === 100, "a page");
		assert.match(await rows.first().textContent(), /change 104\./);
		await watched.axe();
		await older.scrollIntoViewIfNeeded();
		await watched.picture("audit-older");
		await page.emulateMedia({ colorScheme: "dark" });
		await watched.picture("audit-older-dark");
		await older.click();
		await until(async () => await rows.count() === 105, "all");
		assert.match(await rows.last().textContent(), /change 0\./);
		assert.equal(await older.isVisible(), false);
		await page.mouse.move(0, 0);
		await page.evaluate(() => document.activeElement.blur());
		await put("node/old-1", { state: "up", weight: 1, reason: "and one more" });
		await rows.first().getByText("and one more").waitFor();
		assert.equal(await rows.count(), 106);
	})],

	["bias: the preview, the intent, the way back", asAdmin(`?open=region/${REGION}`, async (_watched, page) => {
		await verb(page, "bias").click();
		await page.getByLabel("Bias, km").fill("-1500");
		await dialog(page).locator(".preview strong").waitFor();
		await page.getByLabel("Reason").fill("expensive transit");
		await page.keyboard.press("Enter");
		await toast(page).getByText(`${REGION}: bias -1500 km`).waitFor();
		await toast(page).getByRole("button", { name: "Undo" }).click();
		await until(async () => (await intents()).length === 0, "released");
	})],

	["explain: the bias in a site's cost, and whose word it is", asAdmin("?view=explain&ip=200.160.2.3", async (watched, page) => {
		const sites = page.getByRole("region", { name: "Sites, nearest first" });
		const biasOf = async (region) => (await sites.locator("tbody tr", { hasText: region })
			.locator("td:nth-child(4)").first().textContent()).trim();
		await sites.waitFor();
		assert.equal(await biasOf("us-ashburn"), "–");
		await put("region/us-ashburn", { state: "up", bias_km: 300 });
		await until(async () => {
			await page.getByRole("button", { name: "Explain", exact: true }).click();
			return /^\+300 km\s+operator$/.test(await biasOf("us-ashburn"));
		}, "the bias and that it is an operator's");
		const { sites: [first] } = await fleet.get("/v1/explain?ip=200.160.2.3");
		assert.deepEqual([first.region, first.bias_km, first.bias_by_intent], ["us-ashburn", 300, true]);
		assert.deepEqual((await sites.locator("tbody tr", { hasNotText: "us-ashburn" })
			.locator("td:nth-child(4)").allTextContents()).filter((text) => text !== "–"), []);
		await watched.axe();
		await watched.picture("explain-bias");
		await page.emulateMedia({ colorScheme: "dark" });
		await watched.picture("explain-bias-dark");
	})],

	["what the registry refuses is said in its words", asAdmin("?open=node/fra-2", async (_watched, page) => {
		await verb(page, "maintenance").click();
		await page.getByLabel("Reason").fill("ö".repeat(200)); // 400 bytes
		await page.keyboard.press("Enter");
		const alert = dialog(page).getByRole("alert");
		await alert.waitFor();
		assert.match(await alert.textContent(), /reason/);
		assert.deepEqual(await intents(), []);
	}, { away: true })],

	["with keys alone: open, act, cancel; the focus stays inside and comes back", asAdmin("?view=nodes&q=hkg-1", async (_watched, page) => {
		const focused = () => page.evaluate(() =>
			document.activeElement.dataset.verb ?? document.activeElement.textContent);
		await page.locator("table.nodes button[tabindex='0']").focus();
		await page.keyboard.press("Enter");
		await until(async () => await focused() === "hkg-1" && await page.locator(".drawer h2").count(), "drawer");
		await page.keyboard.press("Tab"); // Close
		await page.keyboard.press("Tab");
		assert.equal(await focused(), "drain");
		await page.keyboard.press("Enter");
		await dialog(page).waitFor();
		for (let i = 0; i < 20; i++) {
			await page.keyboard.press("Tab");
			assert.ok(await page.evaluate(() => document.activeElement === document.body
				|| document.activeElement.closest("dialog") !== null), "the focus stays inside");
		}
		await page.keyboard.press("Escape");
		await dialog(page).waitFor({ state: "detached" });
		assert.equal(await focused(), "drain");
		await page.keyboard.press("Escape");
		await page.locator(".drawer").waitFor({ state: "hidden" });
		assert.equal(await focused(), "hkg-1");
	})],

	["390 px: drawer and dialog fit", asAdmin("?open=region/hk", async (watched, page) => {
		await verb(page, "drain").click();
		await dialog(page).getByText("of all first choices would move").waitFor();
		const box = await dialog(page).boundingBox();
		assert.ok(box.x >= 0 && box.x + box.width <= 390, JSON.stringify(box));
		await watched.fits();
		await watched.axe();
		await watched.picture("dialog-390");
	}, { viewport: { width: 390, height: 844 }, colorScheme: "dark" })],

	["a registry that came back knows no session: the page offers the login again", on("", async (watched, page) => {
		await page.getByRole("button", { name: "Log in" }).click();
		await page.getByLabel("Token").fill(fleet.token);
		await page.keyboard.press("Enter");
		await page.locator(".who", { hasText: "admin" }).waitFor();
		await fleet.registryDaemon.kill();
		await watched.phase("stale");
		await fleet.registryAgain();
		await watched.phase("live", 30);
		await page.locator(".who", { hasText: "viewer" }).waitFor();
		await page.getByRole("button", { name: "Log in" }).waitFor();
	}, { away: true })],
].map(fresh);

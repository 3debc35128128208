// What the page says when something is missing, away, old or not allowed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { Watched } from "./browser.mjs";
import { demoNodes, Fleet, until } from "./daemons.mjs";

const fleets = [];
const fleetOf = async (...options) => {
	const fleet = new Fleet();
	fleets.push(fleet);
	return fleet.registry(...options);
};
export const after = async () => {
	for (const fleet of fleets) await fleet.stop();
};

const notice = (watched, text) => watched.page.locator(".notice", { hasText: text }).waitFor();

// The command on the page is one that works, with the registry's real address.
async function emptyRegistry() {
	const fleet = await fleetOf();
	const watched = await Watched.open(fleet.url);
	const line = await watched.page.locator(".panel.empty code").textContent();
	assert.match(line, new RegExp(`^comet-agent .*--registry ${fleet.nodesUrl}$`));
	await watched.axe();
	await watched.picture("empty");
	const [program, ...options] = line.split(" ");
	await fleet.run(program, [...options, "--listen-tcp", `${fleet.net}.1:0`,
		"--listen-admin", "off", "--addrs", `${fleet.net}.1`]);
	await watched.page.locator(".panel.empty").waitFor({ state: "hidden" });
	await until(async () => (await watched.page.locator(".regions tbody").textContent()).includes("1/1"),
		"the node is in its region");
	await watched.close();
}

async function noGeoData() {
	const fleet = await fleetOf();
	await fleet.agent(demoNodes()[0]);
	const watched = await Watched.open(fleet.url);
	await notice(watched, "No balancer reports");
	await fleet.balancer("");
	await notice(watched, "No city database");
	await watched.axe();
	await watched.close();
}

// kill -9: stale with its age, grey but readable; back on the same port: live.
async function registryRestarts() {
	const fleet = await fleetOf();
	await fleet.agent(demoNodes()[0]);
	const watched = await Watched.open(fleet.url, { away: true });
	await watched.phase("live");
	await until(async () => /1\/1/.test(await watched.page.locator(".strip").textContent()), "one node");
	await fleet.registryDaemon.kill();
	await watched.phase("stale");
	await notice(watched, "Stream lost");
	const age = async () => Number(/([\d.]+) s old/.exec(await watched.page.locator(".lamp").textContent())?.[1] ?? 0);
	await until(async () => (await age()) >= 2, "its age grows");
	assert.match(await watched.page.locator(".strip").textContent(), /1\/1/);
	assert.match(await watched.page.evaluate(() => getComputedStyle(document.querySelector("main")).filter), /grayscale/);
	await watched.picture("stale");
	await watched.axe();
	await fleet.registryAgain();
	await watched.phase("live");
	await notice(watched, "just started");
	await until(async () => /1\/1/.test(await watched.page.locator(".strip").textContent()), "the node is back", 30);
	await watched.close();
}

// A registry that hangs closes nothing: silence is noticed.
async function streamFallsSilent() {
	const fleet = await fleetOf();
	const watched = await Watched.open(fleet.url, { away: true });
	await watched.phase("live");
	fleet.registryDaemon.signal("SIGSTOP");
	await watched.phase("stale", 12);
	fleet.registryDaemon.signal("SIGCONT");
	await watched.phase("live");
	await watched.close();
}

// Somebody holds the store's lock: a registration cannot be written.
async function storeAway() {
	const fleet = await fleetOf();
	const watched = await Watched.open(fleet.url);
	await watched.phase("live");
	const holder = spawn("python3", ["-c",
		"import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
		+ "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()",
		join(fleet.folder, "registry/registry.db")], { stdio: ["pipe", "pipe", "inherit"] });
	await new Promise((done) => holder.stdout.once("data", done));
	await fleet.agent(demoNodes()[0]);
	await notice(watched, "Store away");
	assert.match(await watched.page.locator(".reading", { hasText: "Store" }).textContent(), /away/);
	await watched.axe();
	holder.stdin.end();
	await watched.page.locator(".notice.store").waitFor({ state: "detached", timeout: 30000 });
	await watched.close();
}

async function noPermission() {
	const fleet = await fleetOf("--anonymous-role", "none");
	const watched = await Watched.open(fleet.url, { away: true });
	await watched.phase("denied");
	await notice(watched, "No permission");
	assert.equal(await watched.page.locator(".strip").isVisible(), false);
	await watched.axe();
	await watched.picture("denied");
	await watched.close();
}

export const tests = [
	["an empty registry shows the command that registers the first node", emptyRegistry],
	["without geo data the page says so", noGeoData],
	["a registry that is killed and comes back: stale, then live", registryRestarts],
	["a stream that falls silent is stale", streamFallsSilent],
	["a store that is away", storeAway],
	["no permission", noPermission],
];

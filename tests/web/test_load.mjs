// A large fleet: 2,000 nodes of which each changes every second.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { Watched } from "./browser.mjs";
import { Fleet, until } from "./daemons.mjs";

const NODES = 2000;
const BUSY_MAX = 0.3;
const SECONDS = 10;
const fleet = new Fleet();
let crowd;

export async function before() {
	await fleet.registry();
	crowd = spawn(process.execPath, [new URL("crowd.mjs", import.meta.url).pathname,
		"127.0.0.1", fleet.nodesPort, NODES], { stdio: ["ignore", "pipe", "inherit"] });
	await new Promise((done, failed) => {
		crowd.stdout.once("data", done);
		crowd.once("exit", (code) => failed(new Error(`crowd.mjs ended with ${code}`)));
	});
	await until(async () => (await fleet.get("/v1/state")).status.nodes === NODES, "registered", 20);
}

export async function after() {
	crowd?.kill();
	await fleet.stop();
}

/** Part of a core that the page's main thread needs, by its CPU time. */
async function busy(page) {
	const session = await page.context().newCDPSession(page);
	await session.send("Performance.enable", { timeDomain: "threadTicks" });
	const task = async () => (await session.send("Performance.getMetrics")).metrics
		.find(({ name }) => name === "TaskDuration").value;
	const [from, began] = [await task(), Date.now()];
	await new Promise((done) => setTimeout(done, SECONDS * 1000));
	return (await task() - from) / ((Date.now() - began) / 1000);
}

async function calm(view) {
	const watched = await Watched.open(`${fleet.url}${view && `?view=${view}`}`);
	await watched.phase("live");
	await until(async () => /2,000\/2,000/.test(await watched.page.locator(".strip").textContent()), "all nodes");
	const connections = () => watched.page.locator("dd.value").nth(1).textContent();
	const first = await connections();
	// How many nodes the stream brings: else the figure below means nothing.
	const changed = await watched.page.evaluate(async () => {
		const answer = await fetch("/v1/events?only=state");
		const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
		let text = "";
		while ((text.match(/event: state/g) ?? []).length < 4) text += (await reader.read()).value;
		void reader.cancel();
		return JSON.parse(/data: (.*)/.exec(text.split("event: state")[2])[1]).nodes.length;
	});
	assert.ok(changed > NODES * 0.9, `${changed} nodes in a second's update`);
	const part = await busy(watched.page);
	console.log(`       main thread: ${(part * 100).toFixed(1)} % of a core`);
	assert.notEqual(await connections(), first, "it still moves");
	assert.ok(part < BUSY_MAX, `${(part * 100).toFixed(1)} %`);
	await watched.close();
}

export const tests = [
	["2,000 nodes a second leave the overview below 30 % of a core", () => calm("")],
	["2,000 nodes a second leave the node table below 30 % of a core", () => calm("nodes")],
];

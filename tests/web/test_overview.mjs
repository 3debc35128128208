// The overview with a live fleet: what it shows is what the API says.
import assert from "node:assert/strict";
import { Watched } from "./browser.mjs";
import { Fleet, until } from "./daemons.mjs";
import { source } from "./sources.mjs";

const READY_MS = 500;
const fleet = new Fleet();

export async function before() {
	await fleet.demo();
	await until(async () => (await fleet.get("/v1/state")).areas.length > 10, "reports", 20);
}

export const after = () => fleet.stop();

const open = async (query = "", options = {}) => {
	const watched = await Watched.open(fleet.url + query, options);
	await watched.phase("live");
	await watched.page.waitForSelector(".mark .ring");
	return watched;
};

/** Poll until page and API agree: both move each second. */
const agree = (page, look, expect, what) => until(async () => {
	const [state, seen] = await Promise.all([fleet.get("/v1/state"), page.evaluate(look)]);
	try {
		assert.deepEqual(seen, expect(state));
	} catch (error) {
		throw new Error(error.message.slice(0, 600));
	}
	return true;
}, what, 20);

const whole = (value) => new Intl.NumberFormat("en").format(value);
const percent = (value) => {
	const part = value * 100;
	if (part > 0 && part < 0.1) return "<0.1 %";
	return `${part && part < 99.95 ? part.toFixed(1) : Math.round(part)} %`;
};

async function policy({ page, response }) {
	const policy = response.headers()["content-security-policy"];
	assert.match(policy, /default-src 'none'/);
	assert.match(policy, /script-src 'self'(;|$)/);
	assert.match(policy, /style-src 'self'(;|$)/);
	assert.doesNotMatch(policy, /unsafe/);
	// No inline script, style or style attribute could run; there is none.
	assert.equal(await page.locator("script:not([src]), style").count(), 0);
}

async function loadsClean() {
	const watched = await open();
	await policy(watched);
	await until(async () => (await watched.page.locator(".arcs path").count()) > 5, "arcs");
	await watched.close();
}

// From the navigation's start to map, strip and lists with their numbers.
async function readySoon() {
	const times = [];
	for (let round = 0; round < 5; round++) {
		const watched = await Watched.open("about:blank");
		await watched.page.addInitScript(() => {
			new MutationObserver((_, observer) => {
				if (!document.querySelector(".mark .ring[stroke-dasharray]")
					|| !document.querySelector(".regions tbody tr")
					|| !/\d/.test(document.querySelector(".strip .value")?.textContent ?? "")) return;
				window.readyMs = performance.now();
				observer.disconnect();
			}).observe(document, { childList: true, subtree: true, attributes: true, characterData: true });
		});
		await watched.page.goto(fleet.url);
		times.push(await until(() => watched.page.evaluate(() => window.readyMs), "ready"));
		await watched.context.close();
	}
	times.sort((a, b) => a - b);
	console.log(`       ready after ${times.map(Math.round).join(", ")} ms`);
	assert.ok(times[2] <= READY_MS, `median ${times[2]} ms`);
}

async function stripNumbers() {
	const watched = await open();
	await agree(watched.page, () => [...document.querySelectorAll(".reading .value:is(dd)")]
		.slice(0, 2).map((element) => element.textContent),
	({ status }) => [`${status.ready}/${status.nodes}`, whole(status.conns)], "nodes and connections");
	await agree(watched.page, () => document.querySelectorAll(".reading .value:is(dd)")[4].textContent,
		({ status }) => percent(status.nearest_share), "share served nearest");
	const { rate, micros, share } = await source("format.ts");
	await agree(watched.page, () => [2, 3, 5].map((at) =>
		document.querySelectorAll(".reading .value:is(dd)")[at].textContent),
	({ status }) => [rate(status.resolves_per_s), micros(status.p99_us), share(status.geo_miss_share)],
	"resolves, p99 and misses");
	const store = await watched.page.locator(".reading", { hasText: "Store" }).textContent();
	assert.match(store, /up.*sqlite/);
	await watched.close();
}

async function regionNumbers() {
	const watched = await open();
	await agree(watched.page, () => [...document.querySelectorAll(".regions tbody tr")].map((row) =>
		[...row.querySelectorAll(".name, .figure > span, td:nth-child(3)")].map((cell) => cell.textContent)),
	({ regions }) => [...regions].sort((a, b) => a.title.localeCompare(b.title)).map((region) => [
		region.title, `${region.ready}/${region.nodes}`,
		`${whole(region.conns)}/${whole(region.capacity)}`, percent(region.first_share),
	]), "the region list");
	await agree(watched.page, () => [...document.querySelectorAll(".mark")].map((mark) =>
		mark.getAttribute("aria-label").replace(/, number \d+/, "")),
	({ regions }) => [...regions].sort((a, b) => a.title.localeCompare(b.title)).map((region) =>
		`${region.title}: ${whole(region.conns)} of ${whole(region.capacity)} connections, `
		+ `${region.ready} of ${region.nodes} nodes ready`), "the marks");
	await watched.close();
}

// Area of a disc: connections; length of its ring: part of the capacity. Its
// name has the numbers, and those are the API's (above).
async function markSizes() {
	const watched = await open();
	const largest = () => watched.page.evaluate(() => Math.max(...[...document.querySelectorAll(".mark")]
		.map((mark) => parseInt(/ ([\d,]+) of /.exec(mark.getAttribute("aria-label"))[1], 10))));
	await until(async () => (await largest()) > 10, "connections on the page", 30);
	const marks = await watched.page.evaluate(() => [...document.querySelectorAll(".mark")].map((mark) => {
		const [, conns, capacity] = / ([\d,]+) of ([\d,]+) conn/.exec(mark.getAttribute("aria-label"))
			.map((part) => Number(part.replaceAll(",", "")));
		return {
			conns, capacity,
			area: mark.querySelector(".disc").getAttribute("r") ** 2,
			ring: parseFloat(mark.querySelector(".ring").getAttribute("stroke-dasharray")),
		};
	}));
	const most = marks.reduce((a, b) => (a.conns > b.conns ? a : b));
	assert.ok(most.conns > 10);
	for (const { conns, capacity, area, ring } of marks) {
		assert.ok(Math.abs(area / most.area - conns / most.conns) < 0.02, `area of ${conns}`);
		assert.ok(Math.abs(ring - (conns / capacity) * 100) < 0.1, `ring of ${conns}/${capacity}`);
	}
	await watched.close();
}

// All areas: which forty come first is settled for ten seconds at a time.
async function coverageNumbers() {
	const watched = await open();
	await agree(watched.page, () => {
		const more = [...document.querySelectorAll("button")].find(({ textContent }) =>
			textContent.startsWith("Show all"));
		if (more && !more.hidden) more.click();
		return [...document.querySelectorAll(".coverage tbody tr")].map((row) =>
			[...row.querySelectorAll("td.figure")].map((cell) => cell.textContent).join(" ")).sort();
	}, ({ areas }) => areas.map((area) =>
		`${percent(area.share)} ${area.nearest_share == null ? "–" : percent(area.nearest_share)} `
		+ `${area.km_p50 == null ? "–" : `${whole(Math.round(area.km_p50))} km`}`).sort(),
	"the coverage table");
	await watched.close();
}

async function arcsAreFlows() {
	const watched = await open();
	await watched.page.locator(".flows summary").click();
	await agree(watched.page, () => [
		document.querySelectorAll(".arcs path").length,
		document.querySelectorAll(".flows tbody tr").length,
		document.querySelectorAll(".arcs .spill").length,
	], ({ flows }) => {
		const widths = new Map();
		for (const { from, region, spill, per_s } of flows) {
			const key = `${from} ${region} ${spill}`;
			widths.set(key, (widths.get(key) ?? 0) + per_s);
		}
		const widest = [...widths].sort((a, b) => b[1] - a[1]).slice(0, 200);
		return [widest.length, widest.length,
			widest.filter(([key]) => key.endsWith("true")).length];
	}, "one arc and one row a flow, the 200 widest");
	const dashes = await watched.page.evaluate(() => [...document.querySelectorAll(".arcs path")].map((path) =>
		`${path.getAttribute("class")} ${getComputedStyle(path).strokeDasharray !== "none"}`));
	assert.deepEqual(dashes.filter((dash) => !/^(spill true|near false)$/.test(dash)), []);
	await watched.close();
}

async function nodeNumbers() {
	const watched = await Watched.open(`${fleet.url}?view=nodes`);
	await watched.phase("live");
	await agree(watched.page, () => [...document.querySelectorAll("table.nodes tbody:not([aria-hidden]) tr")]
		.map((row) => ["id", "region", "used", "weight", "share"].map((column) => {
			const cell = row.querySelector(`.c-${column}`);
			return (cell.firstElementChild ?? cell).textContent;
		}).join("  ")).sort(),
	({ nodes }) => nodes.map((node) => [
		node.id, `${node.region} / ${node.zone}`, `${whole(node.conns)} / ${whole(node.capacity)}`,
		node.weight, percent(node.first_share),
	].join("  ")).sort(), "the node table");
	await watched.close();
}

// The caption under a chart is its newest moment; both charts are one answer of
// /v1/history, read each five seconds.
async function chartNumbers() {
	const { rate } = await source("format.ts");
	for (const span of ["hour", "day"]) {
		const watched = await open(`?open=region/de-frankfurt&span=${span}`);
		await until(async () => {
			const [{ series }, seen] = await Promise.all([
				fleet.get(`/v1/history?target=region/de-frankfurt&span=${span}`),
				watched.page.evaluate(() => [...document.querySelectorAll(".plot ~ figcaption")].map(
					({ textContent }) => textContent.replace(/^.*: /, ""))),
			]);
			const newest = (...names) => {
				const at = series[names[0]].findLastIndex((_v, i) =>
					names.some((name) => series[name][i] != null));
				return names.map((name) => rate(series[name][at]));
			};
			const [conns, capacity] = newest("conns", "capacity");
			assert.deepEqual(seen, [`${conns} connections, ${capacity} capacity`,
				`${newest("first_per_s")[0]} first choices/s`]);
			return true;
		}, `the charts of an ${span}`, 90);
		await watched.close();
	}
}

async function filtersInAddress() {
	const watched = await open();
	const { page } = watched;
	await page.getByRole("searchbox").fill("tokyo");
	await until(async () => (await page.locator(".regions tbody tr").count()) === 1, "one region");
	assert.match(page.url(), /\?q=tokyo$/);
	await page.reload();
	await page.waitForSelector(".regions tbody tr");
	assert.equal(await page.locator(".regions tbody tr").count(), 1);
	assert.equal(await page.getByRole("searchbox").inputValue(), "tokyo");
	await page.getByRole("searchbox").fill("");
	await page.getByRole("combobox", { name: "State of the region" }).selectOption("down");
	await page.getByText("No region matches the filter.").waitFor();
	assert.match(page.url(), /\?state=down$/);
	assert.match(await page.getByRole("link", { name: "Nodes" }).getAttribute("href"), /^\?view=nodes$/,
		"a region's state is no node's");
	await page.getByRole("combobox", { name: "State of the region" }).selectOption("");
	await page.locator(".regions .name", { hasText: "Frankfurt" }).click();
	assert.match(page.url(), /\?region=de-frankfurt$/);
	await page.getByRole("link", { name: "Nodes" }).click();
	assert.match(page.url(), /view=nodes/);
	await page.goBack();
	await page.waitForSelector(".mark.on");
	assert.equal(await page.locator(".mark.dim").count(), 10);
	await page.getByRole("button", { name: "Remove the filter Frankfurt" }).click();
	assert.equal(new URL(page.url()).search, "");
	await watched.close();
}

// Only the keyboard: skip link, marks by arrow keys, choose, take back.
async function keyboard() {
	const watched = await open();
	const { page } = watched;
	await page.keyboard.press("Tab");
	assert.equal(await page.evaluate(() => document.activeElement.textContent), "To the content");
	await page.keyboard.press("Enter");
	const onMark = () => page.evaluate(() => document.activeElement.closest(".mark")?.getAttribute("aria-label") ?? "");
	for (let press = 0; press < 12 && !(await onMark()); press++) await page.keyboard.press("Tab");
	assert.match(await onMark(), /^Ashburn/);
	await page.keyboard.press("ArrowRight");
	assert.match(await onMark(), /^Beijing/);
	await page.keyboard.press("ArrowLeft");
	await page.keyboard.press("ArrowLeft");
	assert.match(await onMark(), /^Tokyo/);
	await page.keyboard.press("Enter");
	assert.match(page.url(), /region=jp-tokyo/);
	await until(async () => (await page.locator(".regions tr.on").count()) === 1, "the row is marked");
	await page.keyboard.press("Space");
	assert.doesNotMatch(page.url(), /region=/);
	// One tab stop for the whole map: the next one is in the region list.
	await page.keyboard.press("Tab");
	assert.equal(await page.evaluate(() => document.activeElement.className), "name");
	await watched.close();
}

async function themes() {
	const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const light = await open("", { colorScheme: "light" });
	const dark = await open("", { colorScheme: "dark" });
	const [day, night] = [await background(light.page), await background(dark.page)];
	assert.notEqual(day, night);
	const button = light.page.getByRole("button", { name: /^Colours/ });
	await button.click();
	assert.equal(await background(light.page), day);
	await button.click();
	assert.equal(await background(light.page), night);
	await light.page.reload();
	assert.equal(await background(light.page), night, "the choice is remembered");
	await light.close();
	await dark.close();
}

async function pauses() {
	const watched = await open();
	const { page } = watched;
	await page.getByRole("button", { name: "Pause" }).click();
	await watched.phase("paused");
	const before = await page.locator(".regions tbody").textContent();
	await until(async () => /Paused [2-9]/.test(await page.locator(".lamp").textContent()), "its age grows");
	assert.equal(await page.locator(".regions tbody").textContent(), before);
	await page.getByRole("button", { name: "Resume" }).click();
	await watched.phase("live");
	await watched.close();
}

async function narrow() {
	const watched = await open("", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
	await watched.fits();
	assert.equal(await watched.page.locator(".mark").count(), 11);
	await watched.picture("narrow", { fullPage: true });
	await watched.axe();
	await watched.close();
}

async function accessible() {
	for (const colorScheme of ["light", "dark"]) {
		const watched = await open("", { colorScheme });
		await watched.page.locator(".flows summary").click();
		await until(async () => (await watched.page.locator(".flows tbody tr").count()) > 3, "flows");
		await watched.axe();
		await watched.close();
	}
}

export const tests = [
	["the page loads under its policy, without an error or a foreign request", loadsClean],
	[`the page is ready within ${READY_MS} ms`, readySoon],
	["the strip shows the API's numbers", stripNumbers],
	["the region list and the map's names show the API's numbers", regionNumbers],
	["marks have the area of their connections, rings that of their use", markSizes],
	["the coverage table shows the API's numbers", coverageNumbers],
	["an arc and a table row for every flow, spilled ones apart", arcsAreFlows],
	["the node table shows the API's numbers", nodeNumbers],
	["filters live in the address", filtersInAddress],
	["the overview by keyboard alone", keyboard],
	["light, dark, and the switch", themes],
	["a pause holds the figures and says their age", pauses],
	["390 px wide", narrow],
	["axe finds nothing, light or dark", accessible],
	["the charts of an hour and a day show what the history says", chartNumbers],
];

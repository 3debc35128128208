// The README's pictures, of the real demo: `make web-images` takes them over.
import { Watched } from "./browser.mjs";
import { Fleet, until } from "./daemons.mjs";

const fleet = new Fleet();
const CONNECTIONS = 600;

export async function before() {
	await fleet.demo();
	await until(async () => (await fleet.get("/v1/state")).status.conns > CONNECTIONS, "connections", 60);
}

export const after = () => fleet.stop();

async function take(name, colorScheme, viewport, query = "") {
	const watched = await Watched.open(fleet.url + query, { colorScheme, viewport });
	await watched.phase("live");
	await watched.page.waitForSelector(".land[d]");
	// The strip's traces need some seconds to be worth a look.
	await until(async () => ((await watched.page.locator(".dial polyline").first().getAttribute("points"))
		?? "").split(" ").length > 12, "traces", 30);
	await watched.picture(`dashboard-${name}`);
	await watched.close();
}

const WIDE = { width: 1280, height: 800 };
export const tests = [
	["a picture of the overview by day", () => take("light", "light", WIDE)],
	["a picture of the overview by night", () => take("dark", "dark", WIDE)],
	["a picture of a phone's overview", () => take("narrow", "dark", { width: 390, height: 844 })],
];

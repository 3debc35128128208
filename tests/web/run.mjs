// Behind `make test-web`: every test_*.mjs exports `tests`, [name, function]
// pairs that run in order, and may export `before` and `after`.
//   node run.mjs [WORD]   only files or tests whose name contains WORD
import { readdirSync } from "node:fs";
import { closeBrowser } from "./browser.mjs";

const word = process.argv[2] ?? "";
const here = new URL(".", import.meta.url);
let passed = 0;
let failed = 0;

async function attempt(name, work) {
	const began = Date.now();
	try {
		await work();
		passed++;
		console.log(`ok     ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
	} catch (error) {
		failed++;
		console.log(`FAILED ${name}\n       ${String(error.stack ?? error).replaceAll("\n", "\n       ")}`);
	}
}

for (const file of readdirSync(here).filter((name) => /^test_.*\.mjs$/.test(name)).sort()) {
	const { tests, before, after } = await import(new URL(file, here));
	const wanted = tests.filter(([name]) => `${file} ${name}`.includes(word));
	if (!wanted.length) continue;
	console.log(`== ${file}`);
	const failedBefore = failed;
	if (before) await before().catch((error) => {
		failed++;
		console.log(`FAILED before: ${error.stack}`);
	});
	if (failed === failedBefore) for (const [name, work] of wanted) await attempt(name, work);
	if (after) await after();
}
await closeBrowser();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);

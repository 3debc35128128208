// The dashboard's own modules, as the page has them, without a browser.
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "./daemons.mjs";

const DASHBOARD = join(ROOT, "registry/dashboard");

/** source - import one of src/; esbuild is the dashboard's. */
export async function source(name) {
	const { build } = createRequire(join(DASHBOARD, "build.mjs"))("esbuild");
	const { outputFiles: [file] } = await build({
		entryPoints: [join(DASHBOARD, "src", name)],
		bundle: true, write: false, format: "esm", logLevel: "error",
	});
	return import(`data:text/javascript;base64,${Buffer.from(file.text).toString("base64")}`);
}

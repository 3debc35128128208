// `make dashboard`: type-check, bundle, minify, weigh, write dist/. The same
// input gives the same bytes; with --check dist/ is compared, not written.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { slim } from "./slim_uplot.mjs";

const SCRIPT_MAX = 45 * 1024;
const PAGE_MAX = 75 * 1024;
const here = new URL(".", import.meta.url);
const find = createRequire(import.meta.url).resolve;
const read = (name) => readFileSync(new URL(name, here), "utf8");

const slimUplot = {
	name: "slim-uplot",
	setup: ({ onLoad }) => onLoad({ filter: /uPlot\.esm\.js$/ }, ({ path }) =>
		({ contents: slim(readFileSync(path, "utf8")) })),
};

async function bundle() {
	const made = await esbuild.build({
		absWorkingDir: here.pathname,
		entryPoints: { app: "src/main.ts", style: "src/app.css" },
		outdir: "dist",
		bundle: true,
		plugins: [slimUplot],
		minify: true,
		write: false,
		metafile: true,
		format: "iife",
		target: ["chrome123", "firefox121", "safari17.5"],
		legalComments: "none",
		logLevel: "warning",
	});
	const text = (end) =>
		made.outputFiles.find(({ path }) => path.endsWith(end)).text;
	return {
		meta: made.metafile,
		files: { "app.js": text("app.js"), "app.css": text("style.css") },
	};
}

// Coastlines only, and to a tenth of a degree: the map is at most 1,600 wide.
function land() {
	return JSON.stringify(JSON.parse(read("node_modules/world-atlas/land-110m.json")));
}

// Licences of what is really in the bundle, and of the coastlines.
function licences(meta) {
	const names = new Set(["world-atlas"]);
	for (const input of Object.keys(meta.inputs)) {
		const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
		if (found) names.add(found[1]);
	}
	const parts = [...names].sort().map((name) => {
		const folder = `node_modules/${name}/`;
		const { version, license } = JSON.parse(read(`${folder}package.json`));
		const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"]
			.find((wanted) => existsSync(new URL(folder + wanted, here)));
		return `${name} ${version} (${license})\n\n${file ? read(folder + file).trim() : ""}\n`;
	});
	return `The dashboard contains:\n\n${parts.join(`\n${"-".repeat(72)}\n\n`)}`;
}

function weigh(files) {
	const size = (name) => gzipSync(files[name], { level: 9 }).length;
	const page = ["index.html", "app.js", "app.css", "land.json"];
	const total = page.reduce((sum, name) => sum + size(name), 0);
	for (const name of page) console.log(`${name.padEnd(12)} ${size(name)} bytes gzip`);
	console.log(`${"page".padEnd(12)} ${total} of ${PAGE_MAX}, JavaScript ${size("app.js")} of ${SCRIPT_MAX}`);
	if (size("app.js") > SCRIPT_MAX || total > PAGE_MAX)
		throw new Error("over the budget");
}

function compare(files) {
	const differs = Object.keys(files).filter((name) =>
		!existsSync(new URL(`dist/${name}`, here)) || read(`dist/${name}`) !== files[name]);
	if (differs.length)
		throw new Error(`dist/ is not what src/ makes (run make dashboard): ${differs.join(", ")}`);
}

async function main() {
	execFileSync(process.execPath, [find("typescript/package.json").replace("package.json", "bin/tsc"), "-p", "."],
		{ cwd: here, stdio: "inherit" });
	const { meta, files } = await bundle();
	files["index.html"] = read("static/index.html");
	files["land.json"] = land();
	files["LICENSES.txt"] = licences(meta);
	weigh(files);
	if (process.argv.includes("--check")) return compare(files);
	mkdirSync(new URL("dist/", here), { recursive: true });
	for (const [name, text] of Object.entries(files))
		writeFileSync(new URL(`dist/${name}`, here), text);
}

main().catch((error) => {
	console.error(String(error.message ?? error));
	process.exit(1);
});

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

// What d3-geo's projections can do beside what src/geo.ts asks of them.
const NOT_ASKED = {
	"clip/rectangle.js": "export default null;",
	"clip/circle.js": "export default null;",
	"projection/fit.js": ["Extent", "Size", "Width", "Height"]
		.map((name) => `export const fit${name} = null;`).join(""),
};
const slimGeo = {
	name: "slim-geo",
	setup: ({ onLoad }) => {
		for (const [name, contents] of Object.entries(NOT_ASKED))
			onLoad({ filter: new RegExp(`d3-geo/src/${name.replace(".", "\\.")}$`) }, () => ({ contents }));
	},
};

async function bundle() {
	const made = await esbuild.build({
		absWorkingDir: here.pathname,
		entryPoints: { app: "src/main.ts", style: "src/app.css" },
		outdir: "dist",
		bundle: true,
		plugins: [slimUplot, slimGeo],
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

// Coastlines only, to a tenth of a degree, without what lies south of 60 S: the
// map is small and does not show more.
const GRID = 0.1;
const SOUTH = -60;

function simpler(points) {
	const kept = [];
	for (const point of points) {
		const last = kept.at(-1);
		if (!last || last[0] !== point[0] || last[1] !== point[1]) kept.push(point);
	}
	return kept.length > 1 ? kept : points.slice(0, 2);
}

function land() {
	const world = JSON.parse(read("node_modules/world-atlas/land-110m.json"));
	const { scale, translate } = world.transform;
	const arcs = world.arcs.map((arc) => {
		let x = 0, y = 0;
		return simpler(arc.map(([dx, dy]) => [
			Math.round(((x += dx) * scale[0] + translate[0] + 180) / GRID),
			Math.round(((y += dy) * scale[1] + translate[1] + 90) / GRID),
		]));
	});
	const north = (ring) => ring.some((index) =>
		arcs[index < 0 ? ~index : index].some(([, y]) => y * GRID - 90 > SOUTH));
	const shape = world.objects.land.geometries[0];
	shape.arcs = shape.arcs.filter((polygon) => north(polygon[0]));
	const used = new Set(shape.arcs.flat(2).map((index) => (index < 0 ? ~index : index)));
	return JSON.stringify({
		type: "Topology",
		transform: { scale: [GRID, GRID], translate: [-180, -90] },
		objects: { land: shape },
		arcs: arcs.map((arc, index) => (used.has(index) ? deltas(arc) : [])),
	});
}

function deltas(points) {
	let last = [0, 0];
	return points.map((point) => {
		const delta = [point[0] - last[0], point[1] - last[1]];
		last = point;
		return delta;
	});
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

// uPlot without what our charts never use: its package has no source to build
// from with these features off. Every cut must hit exactly once, so a new
// version of uPlot that moved something fails the build instead of the page.

/** Functions that are never called with the options in src/chart.ts. */
const UNUSED = [
	// legend
	"initLegendRow", "syncLegend", "setLegend", "setLegendValues", "legendFill",
	"legendStroke", "timeSeriesVal", "timeSeriesStamp",
	// cursor, selection, synchronised plots: chart.ts has a pointer of its own
	"initCursorPt", "updateCursor", "mouseMove", "cacheMouse", "mouseDown",
	"mouseUp", "mouseLeave", "dblClick", "hideSelect", "syncRect", "setSelect",
	"cursorMove", "filtBtn0", "filtTarg", "cursorPointShow",
	"cursorPointFill", "cursorPointStroke", "cursorPointSize", "onMouse",
	"setFocus", "setAlpha", "setSeries", "toggleDOM", "pub", "pubSync",
	"addSeries", "delSeries", "closestIdxFromXpos",
	// bands, points, other scales than linear
	"setBand", "addBand", "delBand", "clipBandLine",
	"points", "logAxisSplits", "asinhAxisSplits", "log10AxisValsFilt",
	"log2AxisValsFilt", "rangeLog", "rangeAsinh", "snapLogY", "snapAsinhY",
	// dates: chart.ts says where the grid is and what is written there
	"fmtDate", "timeAxisStamps", "timeAxisVals", "timeAxisVal",
];

/** The rest, as text. */
const CUTS = [
	[/function genTimeStuffs\(ms\) \{[\s\S]*?\n\}\n/, "function genTimeStuffs() { return [[], 0, () => 0]; }\n"],
	[/function bandFillClipDirs\(self, seriesIdx\) \{[\s\S]*?\n\}\n/,
		"function bandFillClipDirs() { return [0, 0]; }\n"],
	[/const subs = \{[\s\S]*?\n\};\n/, "const subs = {};\n"],
	[/\tconst showLegend = legend\.show;/, ""],
	[/\tconst showCursor = +cursor\.show;/, ""],
	[/\n\{\n\tuPlot\.join = join;[\s\S]*?(?=\nexport \{ uPlot)/, "\n"],
	[/\nuPlot\.rangeLog = rangeLog;\nuPlot\.rangeAsinh = rangeAsinh;/, ""],
];

function once(text, pattern, to) {
	const hits = text.match(new RegExp(pattern.source, "g"))?.length ?? 0;
	if (hits !== 1) throw new Error(`slim_uplot: ${hits} hits for ${pattern}`);
	return text.replace(pattern, () => to);
}

export function slim(text) {
	for (const [pattern, to] of CUTS) text = once(text, pattern, to);
	for (const name of UNUSED)
		text = once(text,
			new RegExp(`\\n(\\t?)function ${name}\\([^\\n]*\\{\\n[\\s\\S]*?\\n\\1\\}\\n`),
			`\nfunction ${name}() {}\n`);
	return text.replace(/\bshow(Legend|Cursor)\b/g, "false");
}

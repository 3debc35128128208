// uPlot without what our charts never use: its package has no source to build
// from with these features off. Every cut must hit exactly once, so a new
// version of uPlot that moved something fails the build instead of the page.

/** Functions that are never called with the options in src/chart.ts. */
const UNUSED = [
	// legend
	"initLegendRow", "syncLegend", "setLegend", "setLegendValues", "legendFill",
	"legendStroke",
	// cursor, selection, synchronised plots: chart.ts has a pointer of its own
	"initCursorPt", "updateCursor", "mouseMove", "cacheMouse", "mouseDown",
	"mouseUp", "mouseLeave", "dblClick", "hideSelect", "syncRect", "setSelect",
	"setSelH", "setSelV", "cursorMove", "filtBtn0", "filtTarg",
	"cursorPointShow", "cursorPointFill", "cursorPointStroke",
	"cursorPointSize", "onMouse", "offMouse", "setFocus", "setAlpha",
	"setSeries", "toggleDOM", "pub", "pubSync", "addSeries", "delSeries",
	"closestIdxFromXpos",
	// bands, points, other scales than linear, ranges: chart.ts gives its own
	"setBand", "addBand", "delBand", "clipBandLine", "points",
	"seriesPointsShow", "logAxisSplits", "asinhAxisSplits",
	"log10AxisValsFilt", "log2AxisValsFilt", "rangeLog", "rangeAsinh",
	"snapLogY", "snapAsinhY", "_rangeNum",
	// dates: chart.ts says where the grid is and what is written there
	"fmtDate", "tzDate", "timeAxisStamps", "timeAxisVals", "timeAxisVal",
	"timeSeriesVal", "timeSeriesStamp",
];

/** The rest, as text. */
const CUTS = [
	[/function genTimeStuffs\(ms\) \{[\s\S]*?\n\}\n/, "function genTimeStuffs() { return [[], 0, () => 0]; }\n"],
	[/function bandFillClipDirs\(self, seriesIdx\) \{[\s\S]*?\n\}\n/,
		"function bandFillClipDirs() { return [0, 0]; }\n"],
	[/const subs = \{[\s\S]*?\n\};\n/, ""],
	[/const months = \[[\s\S]*?\n\};\n/, ""],
	[/const FEAT_TIME +=/, "const FEAT_TIME = false &&"],
	[/\tconst showLegend = legend\.show;/, ""],
	[/\tconst showCursor = +cursor\.show;/, ""],
	[/\n\tif \(legend\.live\) \{/, "\n\tif (false) {"],
	[/\tif \(cursor\.dataIdx == null\) \{/, "\tif (false) {"],
	[/\n\{\n\tuPlot\.join = join;[\s\S]*?(?=\nexport \{ uPlot)/, "\n"],
	[/\nuPlot\.assign = [\s\S]*?(?=\nuPlot\.pxRatio)/, ""],
];

/** What these are with our options: linear scales, no time, one x for all. */
const KNOWN = [
	[/\bshow(Legend|Cursor)\b/g, "false"],
	[/\b(let|const) isTime = [^;]*;/g, ""],
	[/\bisTime\b/g, "false"],
	[/\b(\w+\.)?mode == 2/g, "false"],
	[/\b(\w+\.)?mode == 1/g, "true"],
	[/\b(\w+\.)?distr ==\s+(2|3|4|100)\b/g, "false"],
	[/\b(\w+\.)?distr >= 3/g, "false"],
	[/\bxScaleDistr == \d/g, "false"],
	[/\b(\w+\.)?distr != 2/g, "true"],
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
	for (const [pattern, to] of KNOWN) text = text.replace(pattern, to);
	return text;
}

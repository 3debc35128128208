// A small line chart over time: uPlot, coloured by the page's tokens, with a
// sentence that says the same.
import uPlot from "uplot";
import { h, text } from "./dom.ts";
import { moment, rate } from "./format.ts";

export interface Line {
	label: string;
	/** A token of tokens.css. */
	token: string;
	/** A bound or a comparison: dashed, not filled. */
	dashed?: boolean;
}

const HEIGHT_PX = 150;
let probe: HTMLElement | null = null;

/** A token's colour now: canvas knows neither var() nor light-dark(). */
function colour(token: string): string {
	if (!probe) document.body.append((probe = h("i", { hidden: true })));
	probe.style.color = `var(--${token})`;
	return getComputedStyle(probe).color;
}

/** Where the time axis is marked: whole local hours or parts of them. */
function marks(_u: uPlot, _axis: number, from: number, upto: number): number[] {
	const step = upto - from > 7200 ? 14400 : 600;
	const shift = new Date(upto * 1000).getTimezoneOffset() * 60;
	const found: number[] = [];
	let at = Math.ceil((from - shift) / step) * step + shift;
	for (; at <= upto; at += step) found.push(at);
	return found;
}

/** Time of day without seconds. */
function clock(wall_s: number): string {
	return new Date(wall_s * 1000).toTimeString().slice(0, 5);
}

function axis(values: (value: number) => string, size: number): uPlot.Axis {
	return {
		stroke: () => colour("soft"),
		font: "11px sans-serif",
		size,
		grid: { stroke: () => colour("line"), width: 1 },
		ticks: { show: false },
		values: (_u, splits) => splits.map(values),
	};
}

/** A paler shade to fill with. */
function shade(token: string): string {
	return colour(token).replace("rgb(", "rgba(").replace(")", ", 0.12)");
}

type Series = (number | null)[];

export class Chart {
	readonly root: HTMLElement;
	#plot: uPlot;
	#canvas = h("div", { class: "plot", "aria-hidden": "true", hidden: true });
	#words = h("figcaption", {}, "Nothing is known yet.");
	#hair = h("i", { class: "hair", hidden: true });
	#resized: ResizeObserver;
	#from = 0;
	#step = 1;
	/** Where the pointer is; null: nowhere. */
	#at: number | null = null;

	constructor(title: string, private lines: Line[]) {
		const canvas = this.#canvas;
		this.root = h("figure", {}, h("h3", {}, title), canvas, this.#words);
		this.#plot = new uPlot({
			width: 300,
			height: HEIGHT_PX,
			legend: { show: false },
			cursor: { show: false },
			scales: {
				x: { time: false },
				y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.1)] },
			},
			axes: [
				{ ...axis(clock, 24), splits: marks },
				{ ...axis(rate, 44), space: 24 },
			],
			series: [{}, ...lines.map(({ token, dashed }): uPlot.Series => ({
				stroke: () => colour(token),
				width: dashed ? 1 : 1.5,
				...(dashed ? { dash: [4, 4] } : { fill: () => shade(token) }),
				points: { show: false },
			}))],
		}, undefined, canvas);
		const { over } = this.#plot;
		over.append(this.#hair);
		over.onpointermove = (event) => this.#point(event.offsetX);
		over.onpointerleave = () => this.#point(null);
		this.#resized = new ResizeObserver(([entry]) =>
			this.#plot.setSize({ width: Math.max(120, entry!.contentRect.width), height: HEIGHT_PX }));
		this.#resized.observe(canvas);
	}

	show(from_wall_s: number, step_s: number, series: Series[]): void {
		this.#from = from_wall_s;
		this.#step = step_s;
		const times = (series[0] ?? []).map((_v, i) => from_wall_s + i * step_s);
		this.#canvas.hidden = series.every((values) => values.every((v) => v == null));
		this.#plot.setData([times, ...series] as uPlot.AlignedData);
		this.#say();
	}

	#point(x_px: number | null): void {
		this.#hair.hidden = x_px === null;
		this.#at = x_px === null ? null
			: Math.round((this.#plot.posToVal(x_px, "x") - this.#from) / this.#step);
		if (x_px !== null) this.#hair.style.left = `${x_px}px`;
		this.#say();
	}

	/** What is under the pointer, else the newest that is known. */
	#say(): void {
		const [times, ...series] = this.#plot.data;
		let index = this.#at ?? times.length - 1;
		while (this.#at === null && index > 0 && series.every((s) => s[index] == null)) index--;
		const when = times[index];
		const parts = this.lines.map(({ label }, i) => `${rate(series[i]?.[index])} ${label}`);
		text(this.#words, when == null || this.#canvas.hidden ? "Nothing is known yet."
			: `${moment(when * 1000)}: ${parts.join(", ")}`);
	}

	destroy(): void {
		this.#resized.disconnect();
		this.#plot.destroy();
	}
}

// Numbers for people: one place, so that the same value reads the same
// everywhere. Unknown is an en dash.

export const NONE = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", {
	notation: "compact",
	maximumFractionDigits: 1,
});

type Num = number | null | undefined;

/** 1,234; from 100,000 on 123.5K. */
export function count(value: Num): string {
	if (value == null) return NONE;
	return value < 100000 ? whole.format(value) : compact.format(value);
}

/** A rate: one digit after the point below 100. */
export function rate(value: Num): string {
	if (value == null) return NONE;
	return value < 100 ? one.format(value) : count(value);
}

/** 0.934 -> 93.4 %, always with a digit after the point but for 0 and 100. */
export function share(value: Num): string {
	if (value == null) return NONE;
	const percent = value * 100;
	if (percent > 0 && percent < 0.1) return "<0.1 %";
	return `${percent && percent < 99.95 ? percent.toFixed(1) : whole.format(percent)} %`;
}

/** Part of a whole, or null when there is no whole. */
export function ratio(part: Num, all: Num): number | null {
	return part == null || !all ? null : part / all;
}

export function km(value: Num): string {
	return value == null ? NONE : `${whole.format(value)} km`;
}

/** Microseconds, as us or ms. */
export function micros(value: Num): string {
	if (value == null) return NONE;
	if (value < 1000) return `${whole.format(value)} µs`;
	return `${(value < 10000 ? one : whole).format(value / 1000)} ms`;
}

/** Seconds, as a length of time: 4 s, 3 min, 2 h, 5 d. */
export function duration(value_s: Num): string {
	if (value_s == null) return NONE;
	if (value_s < 10) return `${one.format(value_s)} s`;
	if (value_s < 120) return `${whole.format(value_s)} s`;
	if (value_s < 7200) return `${whole.format(value_s / 60)} min`;
	if (value_s < 172800) return `${whole.format(value_s / 3600)} h`;
	return `${whole.format(value_s / 86400)} d`;
}

const day = new Intl.DateTimeFormat("en-GB", {
	day: "numeric",
	month: "short",
	hour: "2-digit",
	minute: "2-digit",
});
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** A moment: the time of day, with the date when it is not today. */
export function moment(wall_ms: number): string {
	const date = new Date(wall_ms);
	const today = date.toDateString() === new Date().toDateString();
	return (today ? clock : day).format(date);
}

// Intents in words, and as the body of a PUT. Pure.
import type { Intent } from "./api.ts";
import { duration, moment } from "./format.ts";

/** "+300 km" */
export function biasText(km: number): string {
	return `${km > 0 ? "+" : ""}${km} km`;
}

/** In a table's cell: "drain, weight 50". */
export function intentShort(i: Intent): string {
	const parts: string[] = i.state === "up" ? [] : [i.state];
	if (i.weight != null) parts.push(`weight ${i.weight}`);
	if (i.bias_km != null) parts.push(`bias ${biasText(i.bias_km)}`);
	return parts.join(", ") || "up";
}

/** The same with the drain's pace: "drain, 10 % a minute, within 30 min". */
export function intentLong(i: Intent): string {
	const parts = [intentShort(i)];
	if (i.state !== "up" && i.shed_per_min != null)
		parts.push(`${i.shed_per_min} % a minute`);
	if (i.state !== "up" && i.deadline_s != null)
		parts.push(`within ${duration(i.deadline_s)}`);
	return parts.join(", ");
}

export function untilText(wall_s: number | null): string {
	return wall_s == null ? "until released" : `until ${moment(wall_s * 1000)}`;
}

const CARRIED = [
	"weight",
	"bias_km",
	"shed_per_min",
	"deadline_s",
	"until_wall_s",
] as const;

const nowS = (): number => Date.now() / 1000;

/** Whether its end has passed: nobody can be told to keep it until then. */
export function isOver({ until_wall_s }: Partial<Intent>, now = nowS()): boolean {
	return until_wall_s != null && until_wall_s <= now;
}

/**
 * What a PUT says to make @intent the target's, without an end that has
 * passed; who and since are not ours.
 */
export function intentBody(
	intent: Partial<Intent>,
	reason: string,
	now = nowS(),
): Record<string, unknown> {
	const body: Record<string, unknown> = {
		state: intent.state ?? "up",
		reason: reason,
	};
	for (const key of CARRIED) if (intent[key] != null) body[key] = intent[key];
	if (isOver(intent, now)) delete body["until_wall_s"];
	return body;
}

export function sinceText(intent: Intent): string {
	return moment(intent.since_wall_s * 1000);
}

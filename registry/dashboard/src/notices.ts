// What a person must know before trusting the figures. Pure.
import { duration } from "./format.ts";
import type { Store } from "./store.ts";

export interface Notice {
	id: string;
	level: "info" | "warn" | "error";
	text: string;
	/** Grows each second, so it is not read out again and again. */
	age?: string;
}

// Nodes renew each 5 s: a registry this young may not know all of them again.
const YOUNG_S = 15;

function ofStream({ phase, why, state }: Store, age: string): Notice[] {
	switch (phase) {
	case "denied":
		return [{ id: "denied", level: "error", text: `No permission to see the fleet: ${why}. Log in above.` }];
	case "stale":
		return [{ id: "stale", level: "error", text: `Stream lost, trying again. ${why}`, age }];
	case "paused":
		return [{ id: "paused", level: "info", text: "Paused.", age }];
	case "loading":
		return state || !why ? [] : [{ id: "away", level: "error", text: `${why} Trying again.` }];
	default:
		return [];
	}
}

/** notices - most urgent first. */
export function notices(store: Store): Notice[] {
	const found = ofStream(store, `What you see is ${duration(Math.round(store.ageS()))} old.`);
	const { state } = store;
	if (!state) return found;
	const { registry, balancers } = state;
	const blind = balancers.filter(({ geo }) => !geo?.loaded);
	if (!registry.store.up)
		found.push({ id: "store", level: "error", text: `Store away (${registry.store.kind}): the fleet runs on, but registrations and intent are not saved.` });
	if (registry.uptime_s < YOUNG_S && store.nodes.size && store.phase === "live")
		found.push({ id: "young", level: "info", text: "The registry has just started: nodes register again within seconds; no lease ends before a full term." });
	if (store.nodes.size && !balancers.length)
		found.push({ id: "balancer", level: "warn", text: "No balancer reports: shares, latencies and places are unknown." });
	else if (blind.length)
		found.push({ id: "geo", level: "warn", text: `No city database${blind.length < balancers.length ? ` at ${blind.map(({ id }) => id).join(", ")}` : ""}: clients' places are unknown, answers follow free capacity only. deploy/geo.sh fetches one.` });
	return found;
}

// What the registry's admin listener says and hears: types of its answers and
// one call that turns every failure into a Problem. Unknown numbers are null.

export type Num = number | null;

export interface Intent {
	scope: "node" | "region";
	id: string;
	state: "up" | "drain" | "maintenance";
	weight: Num;
	bias_km: Num;
	shed_per_min: Num;
	deadline_s: Num;
	by: string;
	reason: string;
	since_wall_s: number;
	until_wall_s: Num;
	/** Of /v1/intents and of a PUT's answer: for If-Match. */
	etag?: string;
}

export interface Registry {
	version: string;
	uptime_s: number;
	address: string;
	store: { kind: string; up: boolean; latency_ms: Num };
}

export interface Status {
	nodes: number;
	ready: number;
	draining: number;
	suspect: number;
	down: number;
	conns: number;
	capacity: number;
	resolves_per_s: Num;
	p99_us: Num;
	nearest_share: Num;
	geo_miss_share: Num;
	panic_per_s: Num;
	balancers: number;
}

export type RegionState = "ok" | "hot" | "full" | "drain" | "down" | "empty";

export interface Region {
	id: string;
	title: string;
	lat: Num;
	lon: Num;
	nodes: number;
	ready: number;
	conns: number;
	capacity: number;
	weight: Num;
	first_per_s: Num;
	first_share: Num;
	spill_share: Num;
	bias_km: Num;
	state: RegionState;
	intent: Intent | null;
}

export interface Node {
	id: string;
	service: string;
	region: string;
	zone: string;
	state: "up" | "suspect" | "down";
	/** Why it takes no new clients; "" when it does. */
	why: string;
	conns: number;
	capacity: number;
	weight: number;
	effective_weight: number;
	first_per_s: Num;
	first_share: Num;
	lease_left_ms: Num;
	version: string;
	addrs: string[];
	host: string;
	carrier: string;
	registered_age_s: Num;
	load_age_ms: Num;
	cpu_pct: Num;
	drain: { conns_at_start: number; progress: number } | null;
	intent: Intent | null;
}

export interface Area {
	country: string;
	name: string;
	lat: Num;
	lon: Num;
	per_s: number;
	share: number;
	nearest_share: Num;
	km_p50: Num;
	/** Region id and share of the area's first choices, largest first. */
	regions: [string, number][];
}

export interface Flow {
	area?: number;
	from?: [number, number];
	region: string;
	per_s: number;
	spill: boolean;
}

export interface Balancer {
	id: string;
	version: string;
	age_ms: number;
	queries_per_s: Num;
	p50_us: Num;
	p99_us: Num;
	snapshot_age_ms: Num;
	snapshot_revision: Num;
	lag_revisions: Num;
	misses_share: Num;
	panic_total: Num;
	geo: { date: string; rows: number; loaded: boolean } | null;
}

export interface State {
	/** EPOCH:SEQ, what /v1/events continues from. */
	id: string;
	wall_ms: number;
	registry: Registry;
	status: Status;
	regions: Region[];
	nodes: Node[];
	areas: Area[];
	flows: Flow[];
	balancers: Balancer[];
	intents: Intent[];
}

/** `event: state`: State, but only the nodes that changed, and intents only
 * when one did. */
export interface Delta extends Omit<State, "intents"> {
	intents?: Intent[];
	gone?: string[];
}

export type Severity = "info" | "warn" | "error";

/** `event: log` and the rows of /v1/log. */
export interface LogEvent {
	id: number;
	wall_ms: number;
	kind: string;
	severity: Severity;
	target: string;
	region: string;
	text: string;
}

export interface Whoami {
	name: string;
	role: string;
	via: "anonymous" | "cookie" | "token";
	may: { read: boolean; operate: boolean; admin: boolean };
}

/** An RFC 9457 answer, or status 0 when there was none at all. */
export class Problem extends Error {
	constructor(
		readonly status: number,
		readonly title: string,
		readonly detail: string,
		readonly type: string,
		readonly errors: { path?: string; rule?: string; detail?: string }[],
	) {
		super(detail || title);
	}
}

async function problemOf(answer: Response): Promise<Problem> {
	const said = await answer.json().catch(() => ({}));
	return new Problem(
		answer.status,
		said.title ?? answer.statusText,
		said.detail ?? "",
		said.type ?? "",
		said.errors ?? [],
	);
}

/** open - fetch with every failure as a Problem (an abort stays an abort). */
export async function open(path: string, init?: RequestInit): Promise<Response> {
	let answer: Response;
	try {
		answer = await fetch(path, init);
	} catch (error) {
		if ((error as Error).name === "AbortError") throw error;
		throw new Problem(0, "No answer", "The registry does not answer.", "", []);
	}
	if (!answer.ok) throw await problemOf(answer);
	return answer;
}

/** call - one JSON request; `body` makes it a mutation's. */
export async function call<T>(
	method: "GET" | "PUT" | "POST" | "DELETE",
	path: string,
	body?: unknown,
	signal?: AbortSignal,
	headers?: Record<string, string>,
): Promise<T> {
	const init: RequestInit = { method };
	if (signal) init.signal = signal;
	if (method !== "GET") {
		init.headers = { "Content-Type": "application/json", ...headers };
		init.body = JSON.stringify(body ?? {});
	}
	const answer = await open(path, init);
	return answer.status === 204 ? (undefined as T) : answer.json();
}

/** path - a path with its parts and parameters encoded; "" and null are left out. */
export function path(
	parts: string,
	query: Record<string, string | number | null | undefined> = {},
): string {
	const kept = new URLSearchParams();
	for (const [name, value] of Object.entries(query))
		if (value !== "" && value != null) kept.set(name, String(value));
	const text = kept.toString();
	return text ? `${parts}?${text}` : parts;
}

// The fleet as the page knows it: /v1/state once, then deltas from /v1/events.
// One store, many views; views hear of changes at most once a frame.
import { call, Problem } from "./api.ts";
import type { Delta, LogEvent, Node, Region, State } from "./api.ts";
import { follow } from "./sse.ts";
import type { Message } from "./sse.ts";

/**
 * loading: nothing known yet. live: the stream runs. paused: the person asked.
 * stale: the stream is lost, what is shown is old. denied: no permission.
 */
export type Phase = "loading" | "live" | "paused" | "stale" | "denied";

export interface Change {
	/** Everything but `nodes` may have changed whenever `state` is true. */
	state: boolean;
	/** Ids of changed nodes; null: all of them (a new picture). */
	nodes: Set<string> | null;
	gone: string[];
	/** Events of the log since the last change; those missed are not among
	 * them when `nodes` is null. */
	log: LogEvent[];
	phase: boolean;
}

export type Listener = (change: Change) => void;

// A comment comes each 5 s: two seconds of grace.
const SILENCE_MS = 7000;
// A request that nobody answers, not even with a refusal.
const UNANSWERED_MS = 20000;
const RETRY_MS = [500, 1000, 2000, 3000];
// All pages hear a reset at once; the registry takes few readers at a time.
const RESET_SPREAD_MS = 2000;
// A stream that ends well after this is followed anew at once.
const SHORT_MS = 1000;
const LOG_KEPT = 500;

/** Thrown out of the stream: read the whole picture again. */
const RESET = new Error("reset");

const quiet = (): Change => ({
	state: false,
	nodes: new Set(),
	gone: [],
	log: [],
	phase: false,
});

export class Store {
	/** The last picture without its nodes, or null before the first. */
	state: Omit<State, "nodes"> | null = null;
	readonly nodes = new Map<string, Node>();
	phase: Phase = "loading";
	/** Why it is not live, for people. */
	why = "";
	/** Wall clock of this machine when the stream was last heard. */
	heardMs = 0;

	#id = "";
	#listeners = new Set<Listener>();
	#pending: Change | null = null;
	#abort = new AbortController();
	#tries = 0;
	#triedMs = 0;

	/** Begin; call once. Never throws: failures are phases. */
	start(): void {
		void this.#run();
		setInterval(() => this.#watch(), 1000);
	}

	/** @returns what ends the subscription */
	subscribe(listener: Listener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	region(id: string): Region | undefined {
		return this.state?.regions.find((region) => region.id === id);
	}

	/** Age of what is shown, in seconds. */
	ageS(): number {
		return this.heardMs ? Math.max(0, (Date.now() - this.heardMs) / 1000) : 0;
	}

	pause(): void {
		this.#enter("paused", "");
		this.#abort.abort();
	}

	/** Read everything again: after a pause, a login, or when asked to. */
	resume(): void {
		this.#abort.abort();
		this.#tries = 0;
		this.#id = "";
		this.phase = this.state ? "stale" : "loading";
		void this.#run();
	}

	/** One connection after the other, until paused or denied. */
	async #run(): Promise<void> {
		const { signal } = (this.#abort = new AbortController());
		while (!signal.aborted) {
			this.#triedMs = Date.now();
			let wait = 0;
			try {
				if (!this.#id) await this.#load(signal);
				await follow("/v1/events", this.#id, signal, (message) =>
					this.#hear(message),
				);
				if (Date.now() - this.#triedMs > SHORT_MS) continue;
				this.#enter("stale", "The registry closed the stream.");
			} catch (error) {
				if (signal.aborted) return;
				if (error === RESET) wait = RESET_SPREAD_MS * Math.random();
				else this.#fail(error);
				if (this.phase === "denied") return;
			}
			await this.#sleep(signal, wait || this.#step());
		}
	}

	#step(): number {
		const step = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)]!;
		return step * (0.8 + 0.4 * Math.random());
	}

	#sleep(signal: AbortSignal, ms: number): Promise<void> {
		return new Promise((done) => {
			setTimeout(done, ms);
			signal.addEventListener("abort", () => done(), { once: true });
		});
	}

	async #load(signal: AbortSignal): Promise<void> {
		const state = await call<State>("GET", "/v1/state", undefined, signal);
		this.#id = state.id;
		this.nodes.clear();
		this.#take(state);
		this.#note().nodes = null;
		this.#alive();
	}

	#take(state: Delta): void {
		const { nodes, gone, intents = this.state?.intents ?? [], ...rest } = state;
		this.state = { ...rest, intents };
		const change = this.#note();
		change.state = true;
		for (const node of nodes) {
			this.nodes.set(node.id, node);
			change.nodes?.add(node.id);
		}
		for (const id of gone ?? []) {
			this.nodes.delete(id);
			change.nodes?.delete(id);
			change.gone.push(id);
		}
	}

	#hear(message: Message | null): void {
		this.#alive();
		if (!message) return;
		if (message.event === "reset") {
			this.#id = "";
			throw RESET;
		}
		if (message.id) this.#id = message.id;
		const data = JSON.parse(message.data);
		if (message.event === "state") this.#take(data);
		else if (message.event === "log") {
			// Nobody takes them while the page is hidden: no more than these.
			const { log } = this.#note();
			log.push(data);
			if (log.length > LOG_KEPT) log.shift();
		}
	}

	#fail(error: unknown): void {
		const denied =
			error instanceof Problem && (error.status === 401 || error.status === 403);
		this.#enter(denied ? "denied" : this.state ? "stale" : "loading",
			(error as Error).message);
	}

	#alive(): void {
		this.heardMs = Date.now();
		this.#tries = 0;
		if (this.phase !== "paused") this.#enter("live", "");
	}

	/** A stream that says nothing, not even a comment, is dead. */
	#watch(): void {
		const now = Date.now();
		if (this.phase === "paused" || this.phase === "denied") return;
		if (this.phase === "live" ? now - this.heardMs < SILENCE_MS
			: now - this.#triedMs < UNANSWERED_MS) return;
		this.#abort.abort();
		this.#enter(this.state ? "stale" : "loading", "The registry has fallen silent.");
		void this.#run();
	}

	#enter(phase: Phase, why: string): void {
		if (phase === this.phase && why === this.why) return;
		this.phase = phase;
		this.why = why;
		this.#note().phase = true;
	}

	/** What has changed since the last frame; tells the views at the next. */
	#note(): Change {
		if (!this.#pending) {
			this.#pending = quiet();
			requestAnimationFrame(() => this.#tell());
		}
		return this.#pending;
	}

	#tell(): void {
		const change = this.#pending!;
		this.#pending = null;
		for (const listener of this.#listeners) listener(change);
	}
}

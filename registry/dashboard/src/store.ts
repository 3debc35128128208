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
	log: LogEvent[];
	phase: boolean;
}

export type Listener = (change: Change) => void;

// A comment comes each 5 s: two seconds of grace.
const SILENCE_MS = 7000;
// A request that nobody answers, not even with a refusal.
const UNANSWERED_MS = 20000;
const RETRY_MS = [500, 1000, 2000, 3000];
const LOG_KEPT = 500;

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
	/** Events of the log heard since the page was opened, newest last. */
	readonly log: LogEvent[] = [];
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
		const abort = (this.#abort = new AbortController());
		while (!abort.signal.aborted) {
			this.#triedMs = Date.now();
			try {
				if (!this.#id) await this.#load(abort.signal);
				await follow("/v1/events", this.#id, abort.signal, (message) =>
					this.#hear(message),
				);
				this.#enter("stale", "The registry closed the stream.");
			} catch (error) {
				if (abort.signal.aborted) return;
				this.#fail(error);
				if (this.phase === "denied") return;
			}
			await this.#sleep(abort.signal);
		}
	}

	#sleep(signal: AbortSignal): Promise<void> {
		const step = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)]!;
		return new Promise((done) => {
			setTimeout(done, step * (0.8 + 0.4 * Math.random()));
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
			void this.#load(this.#abort.signal).catch((error) => this.#fail(error));
			return;
		}
		if (message.id) this.#id = message.id;
		const data = JSON.parse(message.data);
		if (message.event === "state") this.#take(data);
		else if (message.event === "log") this.#append(data);
	}

	#append(event: LogEvent): void {
		this.log.push(event);
		if (this.log.length > LOG_KEPT) this.log.shift();
		// Nobody takes them while the page is hidden: no more than are kept.
		const { log } = this.#note();
		log.push(event);
		if (log.length > LOG_KEPT) log.shift();
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

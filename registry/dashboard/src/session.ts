// Who looks at the page, and what they may do. No secret is kept here: the
// session is an HttpOnly cookie that scripts cannot read.
import { call } from "./api.ts";
import type { Whoami } from "./api.ts";

export class Session {
	who: Whoami | null = null;
	#listeners = new Set<() => void>();

	/** Ask again: after a login, a logout, a refusal. */
	async refresh(): Promise<void> {
		this.who = await call<Whoami>("GET", "/v1/whoami").catch(() => null);
		for (const listener of this.#listeners) listener();
	}

	/** @returns what ends the subscription */
	subscribe(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}
}

// What every view gets and is.
import type { Session } from "./session.ts";
import type { Store } from "./store.ts";
import type { Url } from "./url.ts";

export interface Context {
	store: Store;
	url: Url;
	session: Session;
}

/** Builds a view into `root`; the answer takes its subscriptions back. */
export type Mount = (root: HTMLElement, context: Context) => () => void;

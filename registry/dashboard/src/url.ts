// The page and its filters live in the URL, so that a link shows the same.
// Known parameters only; what equals its default is left out.

/** Every parameter with its default. A view adds its own here. */
const DEFAULTS = {
	view: "overview",
	/** Words that nodes, regions or areas must contain. */
	q: "",
	region: "",
	state: "",
	country: "",
	sort: "",
	/** What the drawer shows: "node/ID", "region/ID" or nothing. */
	open: "",
	span: "hour",
	ip: "",
	device: "",
	without: "",
	drained: "",
	weight: "",
	bias: "",
	family: "",
	kind: "",
	severity: "",
	target: "",
};

export type Key = keyof typeof DEFAULTS;

export class Url {
	#values: Record<Key, string> = { ...DEFAULTS };
	#listeners = new Set<(changed: Set<Key>) => void>();

	constructor() {
		this.#read();
		addEventListener("popstate", () => this.#tell(this.#read()));
	}

	get(key: Key): string {
		return this.#values[key];
	}

	/** set - change some and say so; filters replace the history's entry. */
	set(values: Partial<Record<Key, string>>): void {
		const changed = new Set<Key>();
		for (const [key, value] of Object.entries(values) as [Key, string][])
			if (this.#values[key] !== value) {
				this.#values[key] = value;
				changed.add(key);
			}
		if (!changed.size) return;
		const push = changed.has("view") || changed.has("open");
		history[push ? "pushState" : "replaceState"](null, "", this.link({}));
		this.#tell(changed);
	}

	/** link - the address of this page with some values changed. */
	link(values: Partial<Record<Key, string>>): string {
		const query = new URLSearchParams();
		for (const key of Object.keys(DEFAULTS) as Key[]) {
			const value = values[key] ?? this.#values[key];
			if (value !== DEFAULTS[key]) query.set(key, value);
		}
		const text = query.toString();
		return text ? `?${text}` : location.pathname;
	}

	/** @returns what ends the subscription */
	subscribe(listener: (changed: Set<Key>) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	#read(): Set<Key> {
		const query = new URLSearchParams(location.search);
		const changed = new Set<Key>();
		for (const key of Object.keys(DEFAULTS) as Key[]) {
			const value = query.get(key) ?? DEFAULTS[key];
			if (value !== this.#values[key]) changed.add(key);
			this.#values[key] = value;
		}
		return changed;
	}

	#tell(changed: Set<Key>): void {
		if (changed.size) for (const listener of this.#listeners) listener(changed);
	}
}

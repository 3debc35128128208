// The notices under the status strip.
import { h, keyed, text } from "./dom.ts";
import { notices } from "./notices.ts";
import type { Mount } from "./view.ts";

export const mountNotices: Mount = (root, { store }) => {
	const known = new Map<string, HTMLElement>();
	const show = (): void => keyed(root, known, notices(store), ({ id }) => id,
		() => h("p", {}, h("span"), h("b", { "aria-hidden": "true" })),
		(line, { id, level, text: words, age }) => {
			line.className = `notice ${level} ${id}`;
			text(line.children[0]!, words);
			text(line.children[1]!, age ?? "");
		});
	show();
	const timer = setInterval(show, 1000);
	const end = store.subscribe(show);
	return () => { end(); clearInterval(timer); };
};

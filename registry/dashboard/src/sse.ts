// Server-sent events over fetch: unlike EventSource it tells why it failed
// (401, 403, 503) and hears comments, so a dead stream is noticed.
import { open } from "./api.ts";

export interface Message {
	id: string;
	event: string;
	data: string;
}

function parse(block: string): Message | null {
	const message: Message = { id: "", event: "message", data: "" };
	for (const line of block.split("\n")) {
		const colon = line.indexOf(":");
		if (colon <= 0) continue; // a comment, or nothing
		const name = line.slice(0, colon);
		const value = line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
		if (name === "data") message.data += (message.data && "\n") + value;
		else if (name === "id" || name === "event") message[name] = value;
	}
	return message.data ? message : null;
}

/**
 * follow - read `path` until it ends, fails (throws), `heard` throws or
 * `signal` aborts.
 * @heard  called for every message, and with null for comments: still alive
 */
export async function follow(
	path: string,
	lastId: string,
	signal: AbortSignal,
	heard: (message: Message | null) => void,
): Promise<void> {
	const answer = await open(path, {
		signal,
		cache: "no-store",
		headers: { Accept: "text/event-stream", "Last-Event-ID": lastId },
	});
	const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	try {
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return;
			const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
			rest = blocks.pop()!;
			for (const block of blocks) heard(parse(block));
		}
	} finally {
		void reader.cancel().catch(() => {}); // what @heard threw ends it too
	}
}

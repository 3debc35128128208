// A question to Explain as a query, a curl line and a perictl line. Pure.
export interface Question {
	ip: string;
	device: string;
	family: string; // "", "4", "6" or "46"
	without: string[]; // nodes
	drained: string[]; // regions
	weight: string[]; // NODE:WEIGHT
}

const single = ["ip", "device", "family"] as const;
const changes = ["without", "drained", "weight"] as const;

export function questionQuery(q: Question): string {
	const query = new URLSearchParams();

	for (const key of single) if (q[key]) query.set(key, q[key]);
	for (const key of changes)
		if (q[key].length) query.set(key, q[key].join(","));
	// Both are fine in a query, and a person reads this one.
	return query.toString().replace(/%3A/g, ":").replace(/%2C/g, ",");
}

/** One word of a POSIX shell's command line. */
export function shellWord(text: string): string {
	return /^[\w./:@,=+-]+$/.test(text)
		? text
		: `'${text.replace(/'/g, "'\\''")}'`;
}

/** @token: whether reading needs one. */
export function curlLine(origin: string, q: Question, token: boolean): string {
	const header = token ? '-H "Authorization: Bearer $PERI_TOKEN" ' : "";

	return `curl -s ${header}${shellWord(`${origin}/v1/explain?${questionQuery(q)}`)}`;
}

export function perictlLine(q: Question): string {
	const words = ["perictl", "explain"];

	for (const key of ["device", "family"] as const)
		if (q[key]) words.push(`--${key}`, shellWord(q[key]));
	for (const key of changes)
		if (q[key].length) words.push(`--${key}`, shellWord(q[key].join(",")));
	words.push(shellWord(q.ip));
	return words.join(" ");
}

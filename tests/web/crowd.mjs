// Many nodes that only register and renew: `node crowd.mjs HOST PORT COUNT`.
// Each renews once a second with another number of connections.
import { connect } from "node:net";

const [host, port, count] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const REGIONS = ["cn-beijing", "cn-shanghai", "cn-hangzhou", "cn-guangzhou", "cn-shenzhen",
	"cn-chengdu", "hk", "jp-tokyo", "us-sanjose", "us-ashburn", "de-frankfurt"];
const EPOCH = 1;
let seq = 1;

const name = (index) => `crowd-${String(index).padStart(4, "0")}`;

function request(method, path, body) {
	const text = JSON.stringify(body);
	return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n`
		+ `Content-Length: ${text.length}\r\n\r\n${text}`;
}

const register = (index) => request("PUT", `/v1/nodes/${name(index)}`, {
	service: "im.demo", region: REGIONS[index % REGIONS.length], zone: "ab"[index & 1],
	addrs: [`127.77.${index >> 8}.${index & 255}`], ports: { tcp: 3101 },
	weight: 100, capacity: 1000, version: "1", boot_epoch: EPOCH,
});
const renew = (index) => request("POST", `/v1/nodes/${name(index)}/renew`, {
	boot_epoch: EPOCH, seq, accepts_total: seq, cpu_pct: 5, refused_total: 0,
	conns: Math.round(500 + 400 * Math.sin(index / 1000 + seq / 7)),
});

// One connection, pipelined: answers only count. A batch at a time, as a
// server reads no further than it has answered.
const socket = connect(port, host);
let answered = 0;
let wake = () => {};
socket.on("data", (data) => {
	const text = data.toString("latin1");
	const bad = /HTTP\/1\.1 [45]\d\d[^]*/.exec(text);
	if (bad) {
		console.error(bad[0].slice(0, 400));
		process.exit(1);
	}
	answered += text.split("HTTP/1.1 2").length - 1;
	wake();
});

async function all(make) {
	const BATCH = 100;
	for (let from = 0; from < count; from += BATCH) {
		const until = answered + Math.min(BATCH, count - from);
		let batch = "";
		for (let index = from; index < Math.min(count, from + BATCH); index++) batch += make(index);
		socket.write(batch);
		while (answered < until) await new Promise((done) => { wake = done; });
	}
}

await all(register);
console.log("registered");
for (;;) {
	const began = Date.now();
	seq++;
	await all(renew);
	await new Promise((done) => setTimeout(done, Math.max(0, 1000 - (Date.now() - began))));
}

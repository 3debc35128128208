// Real daemons for the tests: ports of their own, a folder of their own. What
// was started is stopped at the end, by its pid.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const ROOT = new URL("../..", import.meta.url).pathname;
export const BUILD = process.env.PERI_BUILD ?? join(ROOT, "build/release");
const PATIENCE = Number(process.env.PERI_TEST_PATIENCE ?? 1);
const LISTEN = /service\.listen name=(\S+) addr=(\S+) port=(\d+)/g;
const SERVICE = "im.demo";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** until - poll until `condition` gives something true, and give that. */
export async function until(condition, what, seconds = 10) {
	const deadline = Date.now() + seconds * 1000 * PATIENCE;
	let last;
	while (Date.now() < deadline) {
		try {
			last = await condition();
			if (last) return last;
		} catch (error) {
			last = error;
		}
		await pause(50);
	}
	throw new Error(`not within ${seconds} s: ${what} (last: ${last?.message ?? JSON.stringify(last)})`);
}

export class Daemon {
	constructor(program, args) {
		this.program = program;
		this.args = args.map(String);
		this.log = "";
		this.ports = {};
	}

	/** Start it and wait for the listeners named. */
	async start(...listeners) {
		this.log = "";
		this.ports = {};
		this.process = spawn(join(BUILD, "bin", this.program), this.args, {
			cwd: ROOT, stdio: ["ignore", "ignore", "pipe"],
		});
		this.ended = new Promise((done) => this.process.once("exit", done));
		this.process.stderr.on("data", (data) => {
			this.log += data;
			for (const [, name, , port] of this.log.matchAll(LISTEN)) this.ports[name] = Number(port);
		});
		await until(() => {
			if (this.process.exitCode !== null) throw new Error(this.log);
			return listeners.every((name) => this.ports[name]);
		}, `${this.program} listens: ${this.log}`, 15);
		return this;
	}

	signal(name) { this.process.kill(name); }

	async kill() {
		this.process.kill("SIGKILL");
		await this.ended;
	}

	async stop() {
		if (this.process.exitCode !== null || this.process.signalCode) return;
		this.process.kill("SIGCONT");
		this.process.kill("SIGTERM");
		const late = setTimeout(() => this.process.kill("SIGKILL"), 10000 * PATIENCE);
		await this.ended;
		clearTimeout(late);
	}
}

/** A port that nobody listens on. */
function freePort() {
	return new Promise((done) => {
		const server = createServer().listen(0, "127.0.0.1", () => {
			const { port } = server.address();
			server.close(() => done(port));
		});
	});
}

/** The demo's nodes: [id, region, zone, octet, capacity, weight]. */
export function demoNodes() {
	return readFileSync(join(ROOT, "deploy/demo/nodes.tsv"), "utf8").split("\n")
		.filter((line) => line && !line.startsWith("#"))
		.map((line) => line.split("\t"));
}

/** One registry with whatever is started around it. */
export class Fleet {
	#folder;
	daemons = [];
	net = `127.${100 + Math.floor(Math.random() * 100)}.${1 + Math.floor(Math.random() * 250)}`;

	/** Made when it is first needed: a file's tests may all be filtered out. */
	get folder() { return (this.#folder ??= mkdtempSync(join(tmpdir(), "peri-web-"))); }

	async run(program, args, ...listeners) {
		const daemon = new Daemon(program, args);
		this.daemons.push(daemon);
		return daemon.start(...listeners);
	}

	/** `options` are the registry's, beside those of every test. */
	async registry(...options) {
		this.registryOptions = options;
		this.registryDaemon = await this.run("peri-registry", this.#registryArgs(0, 0), "nodes", "admin");
		({ nodes: this.nodesPort, admin: this.adminPort } = this.registryDaemon.ports);
		return this;
	}

	#registryArgs(nodes, admin) {
		return ["--config", "deploy/demo/registry.jsonc",
			"--listen-nodes", `127.0.0.1:${nodes}`, "--listen-admin", `127.0.0.1:${admin}`,
			"--state-dir", join(this.folder, "registry"),
			...(process.env.PERI_UI_DIR ? ["--ui-dir", process.env.PERI_UI_DIR] : []),
			...this.registryOptions];
	}

	/** The registry again, where it was. */
	async registryAgain() {
		this.registryDaemon = await this.run("peri-registry",
			this.#registryArgs(this.nodesPort, this.adminPort), "nodes", "admin");
	}

	get url() { return `http://127.0.0.1:${this.adminPort}/`; }
	get nodesUrl() { return `http://127.0.0.1:${this.nodesPort}`; }

	get secret() {
		const file = join(this.folder, "token.secret");
		if (!existsSync(file)) writeFileSync(file, "0123456789abcdef0123456789abcdef", { mode: 0o600 });
		return file;
	}

	agent([id, region, zone, octet, capacity, weight], ...options) {
		const address = `${this.net}.${octet}`;
		return this.run("comet-agent", ["--config", "deploy/demo/agent.jsonc",
			"--node-id", id, "--region", region, "--zone", zone, "--addrs", address,
			"--listen-tcp", `${address}:3101`, "--listen-admin", "off",
			"--registry", this.nodesUrl, "--capacity", capacity, "--weight", weight,
			"--token-secret", `@${this.secret}`, ...options]);
	}

	get geo() {
		if (!existsSync(join(ROOT, "var/geo/VERSION"))) return "";
		return ["4", "6"].map((v) => join(ROOT, `var/geo/city-ipv${v}.mmdb`)).join();
	}

	async balancer(geo = this.geo, adminPort = 0) {
		this.balancerDaemon = await this.run("peri-balancer", ["--config", "deploy/demo/balancer.jsonc",
			"--listen-public", "127.0.0.1:0", "--listen-admin", `127.0.0.1:${adminPort}`,
			"--registry", this.nodesUrl, "--geo-databases", geo,
			"--state-dir", join(this.folder, "balancer")], "public", "admin");
		this.publicPort = this.balancerDaemon.ports.public;
		this.balancerAdmin = `http://127.0.0.1:${this.balancerDaemon.ports.admin}`;
	}

	load(rate = 40, geo = this.geo) {
		return this.run("perictl", ["demo-load", "--balancer", `http://127.0.0.1:${this.publicPort}`,
			"--registry", this.nodesUrl, "--geo-db", geo, "--host", SERVICE,
			"--token-secret-file", this.secret, "--rate", rate, "--session-mean", 60]);
	}

	/** All of the demo: registry, balancer, 22 agents, clients. */
	async demo() {
		// The registry asks the balancer, so its port is known before it starts.
		const port = await freePort();
		await this.registry("--balancer-admin", `http://127.0.0.1:${port}`);
		for (const node of demoNodes()) await this.agent(node);
		await this.balancer(this.geo, port);
		await this.load();
		return this;
	}

	/** The admin listener's JSON, as the page gets it. */
	async get(path) {
		const answer = await fetch(new URL(path, this.url));
		if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
		return answer.json();
	}

	/** The token that the registry made at its first start (role admin). */
	get token() {
		return readFileSync(join(this.folder, "registry/admin.token"), "utf8").trim();
	}

	async stop() {
		for (const daemon of this.daemons.reverse()) await daemon.stop();
		if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
	}
}

#!/usr/bin/python3
"""/resolve beside nginx: issue 3's table of speed, with a verdict for each bar.

One server at a time, interleaved A B C C B A ...: each is pinned to core 0 with
one worker, the generator to core 1. The city database is the real one, client
addresses are random. CPU is what the worker threads used (their schedstat) per
request. Ratios are taken within a round; medians of the rounds count.
Prints `name value unit` lines and, for each bar, whether it is held; at the end
how many are, and the names of the missed. Exits 1 when any is missed.

usage: resolve.py [--build build/release] [--rounds 5] [--seconds 1]
                  [--only ROW[,ROW...]]
rows: keepalive keepalive256 device device256 pipelined fleet paced rebuild
      connect workers memory evhttp maxminddb floor
"""
import argparse
import itertools
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import socket
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))

METROS = [("bj", 39.9, 116.4), ("sha", 31.2, 121.5), ("gz", 23.1, 113.3),
          ("cd", 30.6, 104.1), ("hk", 22.3, 114.2), ("tyo", 35.7, 139.7),
          ("sin", 1.35, 103.8), ("bom", 19.1, 72.9), ("dxb", 25.2, 55.3),
          ("fra", 50.1, 8.7), ("lon", 51.5, -0.1), ("par", 48.9, 2.3),
          ("mad", 40.4, -3.7), ("sto", 59.3, 18.1), ("jnb", -26.2, 28.0),
          ("gru", -23.5, -46.6), ("iad", 39.0, -77.5), ("sjc", 37.3, -121.9),
          ("ord", 41.9, -87.6), ("syd", -33.9, 151.2)]
HOST = "im.example.com"


def cpu_ns(pid):
    """CPU time of each thread of a process, in nanoseconds."""
    times = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat",
                  encoding="ascii") as file:
            times[task] = int(file.read().split()[0])
    return times


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.read()


def random_addresses(count, seed=7):
    """Public IPv4 addresses, uniformly."""
    rng, out = random.Random(seed), []
    while len(out) < count:
        a, b = rng.randrange(1, 224), rng.randrange(256)
        if a in (10, 127) or (a, b) in ((192, 168), (169, 254), (198, 18),
                                        (198, 19)):
            continue
        if (a == 172 and 16 <= b < 32) or (a == 100 and 64 <= b < 128):
            continue
        out.append(f"{a}.{b}.{rng.randrange(256)}.{rng.randrange(1, 255)}")
    return out


def node(i, nodes):
    """The metros have a site each; a large fleet has one for 100 nodes."""
    name, lat, lon = METROS[i % len(METROS)]
    ring = i // len(METROS) % max(1, nodes // 2000)
    return {"service": HOST, "region": f"{name}-{ring}",
            "lat": lat + ring % 7, "lon": lon + ring // 7,
            "addrs": [f"203.{i // 62500}.{i // 250 % 250}.{i % 250 + 1}"],
            "host": f"{name}-{i}.edge.example.com",
            "ports": {"tcp": 3101, "ws": 3102, "wss": 3103},
            "capacity": 50000, "boot_epoch": 1, "ttl_ms": 3600000}


class Verdicts:
    """What was said of each bar."""

    def __init__(self):
        self.held, self.missed = [], []

    def judge(self, name, value, unit, most=None, least=None):
        held = value <= most if most is not None else value >= least
        bar = f"<= {most}" if most is not None else f">= {least}"
        (self.held if held else self.missed).append(name)
        print(f"{name} {value:.3f} {unit}  bar {bar}: "
              f"{'held' if held else 'MISSED'}", flush=True)

    def end(self):
        """Print the sum; returns the exit status."""
        print(f"resolve.bars_held {len(self.held)} count")
        print(f"resolve.bars_missed {len(self.missed)} count",
              *self.missed, flush=True)
        return 1 if self.missed else 0


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.build = os.path.join(ROOT, args.build)
        os.environ["PERI_BUILD"] = self.build
        import harness  # pylint: disable=import-outside-toplevel
        self.harness = harness
        self.fleet = harness.Fleet(folder)
        self.nginx = []
        self.registries, self.balancers, self.others = {}, {}, {}
        self.verdicts = Verdicts()
        self.targets = self.path("targets")
        self.devices = self.path("devices")
        write_targets(self.targets, False)
        write_targets(self.devices, True)

    def path(self, *parts):
        return os.path.join(self.folder, *map(str, parts))

    # ---- our side ----

    def start_registry(self, nodes):
        registry = self.fleet.start(
            "peri-registry", "--listen-nodes=127.0.0.1:0",
            "--listen-admin=127.0.0.1:0", f"--state-dir={self.path(nodes)}",
            "--allow-private-addresses=yes", wait_for=("nodes",))
        port = registry.ports["nodes"]
        put_all(port, (("PUT", f"/v1/nodes/n-{i:06}", node(i, nodes))
                       for i in range(nodes)))
        put_all(port, (("POST", f"/v1/nodes/n-{i:06}/renew",
                        {"boot_epoch": 1, "seq": 1, "conns": 100 * (i % 37),
                         "accepts_total": 0, "refused_total": 0,
                         "cpu_pct": 1}) for i in range(nodes)))
        return port

    def balancer(self, nodes=1000, workers=1):
        """Port and pid; each kind is started once."""
        if (nodes, workers) in self.balancers:
            return self.balancers[nodes, workers]
        if nodes not in self.registries:
            self.registries[nodes] = self.start_registry(nodes)
        databases = [os.path.join(ROOT, "var", "geo", f)
                     for f in ("city-ipv4.mmdb", "city-ipv6.mmdb")]
        for file in databases:
            if not os.path.exists(file):
                sys.exit(f"{file} is missing: run deploy/geo.sh first")
        balancer = self.fleet.start(
            "peri-balancer", "--listen-public=127.0.0.1:0",
            "--listen-admin=127.0.0.1:0", f"--workers={workers}",
            "--balancer-id=b1", "--trust-ip-parameter=yes",
            # The generator speaks for many networks; each has its limit.
            "--trusted-proxies=127.0.0.0/8",
            f"--state-dir={self.path(f'b{nodes}-{workers}')}",
            f"--registry=http://127.0.0.1:{self.registries[nodes]}",
            "--geo-databases=" + ",".join(databases),
            wait_for=("public", "admin"))
        port = balancer.ports["public"]
        self.harness.until(
            lambda: json.loads(get(balancer.ports["admin"], "/v1/snapshot"))
            ["nodes"]["up"] == nodes, 60, "all nodes known")
        pid = balancer.process.pid
        subprocess.run(["taskset", "-apc", "0", str(pid)], check=True,
                       stdout=subprocess.DEVNULL)
        self.balancers[nodes, workers] = port, pid
        return port, pid

    # ---- nginx ----

    def start_nginx(self, name, port, location, head=""):
        config = self.path(f"{name}.conf")
        modules = "/usr/lib/nginx/modules"
        with open(config, "w", encoding="ascii") as file:
            file.write(f"""
load_module {modules}/ngx_http_geoip2_module.so;
daemon off; master_process off; worker_processes 1;
pid {self.folder}/{name}.pid;
error_log {self.folder}/{name}.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; default_type application/json;
  keepalive_requests 1000000000; keepalive_timeout 600;
  client_body_temp_path {self.folder}/t1; proxy_temp_path {self.folder}/t2;
  fastcgi_temp_path {self.folder}/t3; uwsgi_temp_path {self.folder}/t4;
  scgi_temp_path {self.folder}/t5;
  {head}
  server {{ listen 127.0.0.1:{port}; location / {{ {location} }} }}
}}
""")
        process = subprocess.Popen(
            ["taskset", "-c", "0", "nginx", "-c", config],
            stderr=subprocess.DEVNULL)
        self.nginx.append(process)
        self.harness.until(lambda: get(port, "/resolve?ip=1.1.1.1"), 10, name)
        return port, process.pid

    def other(self, name):
        """Port and pid of an opponent, with an answer of our mean size."""
        if name not in self.others:
            body = mean_body(self.balancer()[0], self.targets)
            start = {"constant": self.start_constant,
                     "geoip2": self.start_geoip,
                     "evhttp": lambda b: self.start_ours("evhttp", b),
                     "syscalls": lambda b: self.start_ours("syscalls", b)}
            self.others[name] = start[name](body)
        return self.others[name]

    def start_ours(self, name, body):
        """A program of tests/bench with a constant answer."""
        port = free_port()
        process = subprocess.Popen(
            ["taskset", "-c", "0",
             os.path.join(self.build, "bench", f"{name}_constant"), str(port),
             str(len(body))])
        self.nginx.append(process)
        self.harness.until(lambda: get(port, "/"), 10, name)
        return port, process.pid

    def start_constant(self, body):
        text = body.replace("\\", "").replace("'", "").replace("$", "")
        return self.start_nginx(
            "constant", free_port(),
            "add_header Cache-Control 'private, max-age=60, "
            "stale-if-error=86400'; add_header Access-Control-Allow-Origin "
            f"'*'; return 200 '{text}';")

    def start_geoip(self, body):
        head = f"""geoip2 {ROOT}/var/geo/city-ipv4.mmdb {{
            $geo_country source=$arg_ip country_code;
            $geo_area source=$arg_ip state1;
            $geo_lat source=$arg_ip latitude;
            $geo_lon source=$arg_ip longitude;
        }}"""
        place = ('{"client":{"country":"$geo_country","area":"$geo_area",'
                 '"lat":$geo_lat,"lon":$geo_lon},')
        rest = body[body.index('"nodes"'):].replace("'", "").replace("$", "")
        return self.start_nginx(
            "geoip2", free_port(),
            "add_header Cache-Control 'private, max-age=60, "
            "stale-if-error=86400'; add_header Access-Control-Allow-Origin "
            f"'*'; return 200 '{place}{rest}';", head)

    # ---- measuring ----

    def pause_us(self):
        """How long the machine itself stops a program, on either core, while
        all that we started is stopped."""
        servers = [d.process.pid for d in self.fleet.daemons] + [
            process.pid for process in self.nginx]
        try:
            for pid in servers:
                os.kill(pid, signal.SIGSTOP)
            running = [subprocess.Popen(
                ["taskset", "-c", core,
                 os.path.join(self.build, "bench", "pauses"),
                 str(self.args.seconds)], stdout=subprocess.PIPE, text=True)
                for core in ("0", "1")]
            return max(float(p.communicate(timeout=60)[0]) for p in running)
        finally:
            for pid in servers:
                os.kill(pid, signal.SIGCONT)

    def load(self, server, targets=None, conns=64, rate=0, depth=1):
        """One short load; what the generator and /proc say of it."""
        port, pid = server
        before = cpu_ns(pid)
        out = subprocess.run(
            ["taskset", "-c", "1",
             os.path.join(self.build, "bench", "loadgen"), "127.0.0.1",
             str(port), str(conns), str(self.args.seconds),
             targets or self.targets, str(rate), str(depth)], check=True,
            capture_output=True, text=True, timeout=60).stdout
        result = {line.split()[0]: float(line.split()[1])
                  for line in out.splitlines()}
        used = sorted(after - before.get(task, 0)
                      for task, after in cpu_ns(pid).items())
        # The workers are the threads that worked most; the rest is the
        # builder's, which does not grow with the requests.
        workers = used[-2:] if server == self.two_workers() else used[-1:]
        result["cpu"] = sum(workers) / result["requests"] / 1e3
        return result

    def two_workers(self):
        return self.balancers.get((1000, 2))

    def compare(self, row, servers, figures, **load):
        """Interleaved rounds; returns ratio(figure, a, b)."""
        rounds = {name: [] for name in servers}
        for server in servers.values():
            self.load(server, **load)
        for i in range(self.args.rounds):
            for name in (list(servers) if i % 2 else list(servers)[::-1]):
                rounds[name].append(self.load(servers[name], **load))
        for name, results in rounds.items():
            for figure, unit in figures.items():
                value = statistics.median(r[figure] for r in results)
                print(f"{row}.{name}.{figure} {value:.2f} {unit}")
        # Neighbours in time share the machine's mood.
        return lambda figure, a, b: statistics.median(
            x[figure] / y[figure] for x, y in zip(rounds[a], rounds[b]))

    def stop(self):
        self.fleet.stop()
        for process in self.nginx:
            process.terminate()
            process.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def put_all(port, calls):
    """Many calls over one connection, 200 at a time."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        answers = s.makefile("rb")
        while True:
            batch = list(itertools.islice(calls, 200))
            if not batch:
                return
            text = b""
            for method, path, body in batch:
                data = json.dumps(body).encode()
                text += (f"{method} {path} HTTP/1.1\r\nHost: r\r\n"
                         "Content-Type: application/json\r\n"
                         f"Content-Length: {len(data)}\r\n\r\n"
                         ).encode() + data
            s.sendall(text)
            for _ in batch:
                take_answer(answers)


def take_answer(answers):
    status, length = answers.readline().split()[1], 0
    for line in iter(answers.readline, b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split()[1])
    body = answers.read(length)
    assert status in (b"200", b"201"), body


def write_targets(path, device):
    with open(path, "w", encoding="ascii") as file:
        for i, address in enumerate(random_addresses(100000)):
            more = f"&device=device-{i}" if device else ""
            file.write(f"/resolve?host={HOST}&ip={address}{more}\n")


def mean_body(port, targets):
    """An answer of about the mean length of answers."""
    with open(targets, encoding="ascii") as file:
        bodies = [get(port, file.readline().strip()) for _ in range(200)]
    bodies.sort(key=len)
    mean = statistics.mean(map(len, bodies))
    return min(bodies, key=lambda b: abs(len(b) - mean)).decode()


CPU = {"cpu": "us/request", "rate": "requests/s", "p99": "us"}


def against_nginx(bench, row, bar, targets, conns):
    servers = {"peri": bench.balancer(), "nginx": bench.other("constant"),
               "geoip2": bench.other("geoip2")}
    ratio = bench.compare(row, servers, CPU, targets=targets, conns=conns)
    bench.verdicts.judge(f"{row}.cpu_to_nginx", ratio("cpu", "peri", "nginx"), "x",
                most=bar)
    if targets == bench.targets:
        bench.verdicts.judge(f"{row}.cpu_to_geoip2", ratio("cpu", "peri", "geoip2"),
                    "x", most=0.55)
        bench.verdicts.judge(f"{row}.rate_to_nginx", ratio("rate", "peri", "nginx"),
                    "x", least=1.10)


def row_keepalive(bench):
    against_nginx(bench, "keepalive", 0.90, bench.targets, 64)


def row_keepalive256(bench):
    against_nginx(bench, "keepalive256", 0.90, bench.targets, 256)


def row_device(bench):
    against_nginx(bench, "device", 1.10, bench.devices, 64)


def row_device256(bench):
    against_nginx(bench, "device256", 1.10, bench.devices, 256)


def row_pipelined(bench):
    servers = {"peri": bench.balancer(), "nginx": bench.other("constant")}
    ratio = bench.compare("pipelined", servers, CPU, depth=16)
    # The generator is slower than we are here: CPU says what a core can do.
    bench.verdicts.judge("pipelined.rate_to_nginx", ratio("rate", "peri", "nginx"),
                "x", least=4)
    bench.verdicts.judge("pipelined.cpu_nginx_to_ours", ratio("cpu", "nginx", "peri"),
                "x", least=4)


def row_fleet(bench):
    servers = {"nodes100000": bench.balancer(100000),
               "nodes100": bench.balancer(100)}
    ratio = bench.compare("fleet", servers, CPU)
    bench.verdicts.judge("fleet.rate_to_nodes100",
                ratio("rate", "nodes100000", "nodes100"), "x", least=0.95)


def row_paced(bench):
    """80,000 requests/s, or 0.9 of what this machine's nginx can do now."""
    servers = {"peri": bench.balancer(), "nginx": bench.other("constant")}
    rate = min(80000, *(0.9 * bench.load(s)["rate"] for s in servers.values()))
    print(f"paced.requested {rate:.0f} requests/s")
    ratio = bench.compare("paced", servers, CPU, rate=rate)
    bench.verdicts.judge("paced.p99_to_nginx", ratio("p99", "peri", "nginx"), "x",
                most=1.0)


def row_rebuild(bench):
    """The builder builds every second; with 100 nodes that is nothing."""
    servers = {"nodes100000": bench.balancer(100000),
               "quiet": bench.balancer(100)}
    ratio = bench.compare("rebuild", servers, {**CPU, "max": "us"},
                          rate=10000)
    worst = pause = 0
    for _ in range(3):
        worst = max(worst,
                    bench.load(servers["nodes100000"], rate=10000)["max"])
        pause = max(pause, bench.pause_us())
    # What the machine did by itself in the seconds between these.
    print(f"rebuild.pause_of_machine {pause:.0f} us")
    bench.verdicts.judge("rebuild.max", worst, "us", most=5000)
    bench.verdicts.judge("rebuild.p99_to_quiet", ratio("p99", "nodes100000", "quiet"),
                "x", most=1.2)


def row_connect(bench):
    servers = {"peri": bench.balancer(), "nginx": bench.other("constant")}
    ratio = bench.compare("connect", servers, CPU, depth=0)
    bench.verdicts.judge("connect.cpu_to_nginx", ratio("cpu", "peri", "nginx"), "x",
                most=1.0)


def row_workers(bench):
    servers = {"workers2": bench.balancer(workers=2), "worker1":
               bench.balancer()}
    ratio = bench.compare("workers", servers, CPU)
    bench.verdicts.judge("workers.cpu_to_one", ratio("cpu", "workers2", "worker1"),
                "x", most=1.05)


def row_memory(bench):
    with open(f"/proc/{bench.balancer(100000)[1]}/status",
              encoding="ascii") as file:
        kib = [int(line.split()[1]) for line in file
               if line.startswith("VmRSS")][0]
    bench.verdicts.judge("memory.nodes100000", kib / 1024, "MB", most=400)


def row_evhttp(bench):
    """No bar: why there is a server of our own."""
    servers = {"evhttp": bench.other("evhttp"), "peri": bench.balancer()}
    ratio = bench.compare("evhttp", servers, CPU)
    print(f"evhttp.cpu_to_ours {ratio('cpu', 'evhttp', 'peri'):.3f} x")


def row_maxminddb(bench):
    """No bar: why there is a table of our own for addresses."""
    done = subprocess.run([os.path.join(bench.build, "bench",
                                        "bench_geo__lookup")],
                          cwd=ROOT, capture_output=True, text=True, check=True)
    print("\n".join(line for line in done.stdout.splitlines()
                    if re.search(r"\.(map|library)_|_ratio", line)))


def row_floor(bench):
    """What the system calls alone cost: no bar can lie below it."""
    servers = {"syscalls": bench.other("syscalls"),
               "peri": bench.balancer(), "geoip2": bench.other("geoip2")}
    ratio = bench.compare("floor", servers, CPU)
    for name in ("syscalls", "peri"):
        print(f"floor.{name}_cpu_to_geoip2 {ratio('cpu', name, 'geoip2'):.3f} x")


ROWS = {name[4:]: function for name, function in list(globals().items())
        if name.startswith("row_")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--only", default=",".join(ROWS))
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="peri-bench-")
    bench = Bench(args, folder)
    began = time.monotonic()
    try:
        for row in args.only.split(","):
            start = time.monotonic()
            ROWS[row](bench)
            print(f"{row}.took {time.monotonic() - start:.0f} s", flush=True)
    finally:
        bench.stop()
        shutil.rmtree(folder)
    print(f"resolve.took {time.monotonic() - began:.0f} s")
    return bench.verdicts.end()


if __name__ == "__main__":
    sys.exit(main())

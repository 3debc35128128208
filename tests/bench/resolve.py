#!/usr/bin/python3
"""/resolve beside nginx: the real database, 1,000 registered nodes, a random
client address in every request.

Three servers, one at a time, interleaved A B C A B C ...: peri-balancer,
nginx with a constant answer of the same size, nginx with its geoip2 module on
the same database. Each is pinned to core 0 with one worker, the generator to
core 1. CPU is what the worker thread used (its schedstat) per request; cpu_all
counts all threads of the process, for us also the builder's snapshots. Figures
named paced_ are from an open loop at --rate requests a second.
Prints `name value unit` lines: medians over the rounds, and ratios.

usage: resolve.py [--build build/release] [--rounds 5] [--seconds 4]
                  [--connections 64] [--rate 10000] [--device]
                  [--only-ours] [--perf FILE]
"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
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


def node(i):
    name, lat, lon = METROS[i % len(METROS)]
    return {"service": HOST, "region": name, "lat": lat, "lon": lon,
            "addrs": [f"203.0.{i // 250}.{i % 250 + 1}"],
            "host": f"{name}-{i}.edge.example.com",
            "ports": {"tcp": 3101, "ws": 3102, "wss": 3103},
            "capacity": 50000, "boot_epoch": 1, "ttl_ms": 3600000}


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.build = os.path.join(ROOT, args.build)
        os.environ["PERI_BUILD"] = self.build
        import harness  # pylint: disable=import-outside-toplevel
        self.harness = harness
        self.fleet = harness.Fleet(folder)
        self.nginx = []

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    # ---- our side ----

    def start_registry(self):
        registry = self.fleet.start(
            "peri-registry", "--listen-nodes=127.0.0.1:0",
            "--listen-admin=127.0.0.1:0", f"--state-dir={self.folder}",
            "--allow-private-addresses=yes", wait_for=("nodes",))
        port = registry.ports["nodes"]
        for i in range(self.args.nodes):
            answer = self.harness.http_call(
                port, "PUT", f"/v1/nodes/n-{i:04}", node(i))
            assert answer.status in (200, 201), answer.body
            answer = self.harness.http_call(
                port, "POST", f"/v1/nodes/n-{i:04}/renew",
                {"boot_epoch": 1, "seq": 1, "conns": 100 * (i % 37),
                 "accepts_total": 0, "refused_total": 0, "cpu_pct": 1})
            assert answer.status == 200, answer.body
        return port

    def start_balancer(self, registry_port):
        databases = [os.path.join(ROOT, "var", "geo", f)
                     for f in ("city-ipv4.mmdb", "city-ipv6.mmdb")]
        for file in databases:
            if not os.path.exists(file):
                sys.exit(f"{file} is missing: run deploy/geo.sh first")
        balancer = self.fleet.start(
            "peri-balancer", "--listen-public=127.0.0.1:0",
            "--listen-admin=127.0.0.1:0", "--workers=1", "--balancer-id=b1",
            f"--state-dir={self.folder}", "--trusted-proxies=127.0.0.1",
            f"--registry=http://127.0.0.1:{registry_port}",
            "--geo-databases=" + ",".join(databases),
            wait_for=("public", "admin"))
        port = balancer.ports["public"]
        self.harness.until(
            lambda: json.loads(get(balancer.ports["admin"], "/v1/snapshot"))
            ["nodes"]["up"] == self.args.nodes, 30, "all nodes known")
        pid = balancer.process.pid
        subprocess.run(["taskset", "-apc", "0", str(pid)], check=True,
                       stdout=subprocess.DEVNULL)
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

    def generate(self, port, targets, *more):
        out = subprocess.run(
            ["taskset", "-c", "1",
             os.path.join(self.build, "bench", "loadgen"), "127.0.0.1",
             str(port), str(self.args.connections), str(self.args.seconds),
             targets, *more], check=True, capture_output=True,
            text=True).stdout
        return {line.split()[0]: float(line.split()[1])
                for line in out.splitlines()}

    def measure(self, port, pid, targets):
        before = cpu_ns(pid)
        result = self.generate(port, targets)
        used = [after - before.get(task, 0)
                for task, after in cpu_ns(pid).items()]
        # The worker is the thread that worked; cpu_all has the builder too.
        result["cpu"] = max(used) / result["requests"] / 1e3
        result["cpu_all"] = sum(used) / result["requests"] / 1e3
        paced = self.generate(port, targets, str(self.args.rate))
        result["paced_p50"], result["paced_p99"] = paced["p50"], paced["p99"]
        return result

    def stop(self):
        self.fleet.stop()
        for process in self.nginx:
            process.terminate()
            process.wait()


def free_port():
    import socket  # pylint: disable=import-outside-toplevel
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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


def report(results):
    names = {"cpu": "us/request", "cpu_all": "us/request",
             "rate": "requests/s", "p50": "us", "p99": "us", "max": "us",
             "paced_p50": "us", "paced_p99": "us",
             "answer_bytes": "bytes"}
    median = {server: {name: statistics.median(r[name] for r in rounds)
                       for name in names}
              for server, rounds in results.items()}
    for server, values in median.items():
        for name, unit in names.items():
            print(f"resolve.{server}.{name} {values[name]:.2f} {unit}")
    # Neighbours in time share the machine's mood: ratios are taken within a
    # round, and their median is what counts.
    for other in ("nginx_constant", "nginx_geoip2"):
        for name in ("cpu", "cpu_all", "rate", "p99", "paced_p50",
                     "paced_p99"):
            if other in results:
                ratio = statistics.median(
                    a[name] / b[name]
                    for a, b in zip(results["peri"], results[other]))
                print(f"resolve.ratio_to_{other}.{name} {ratio:.3f} x")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=float, default=10000)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--device", action="store_true")
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument("--perf", help="record with perf into PERF.SERVER")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="peri-bench-")
    bench = Bench(args, folder)
    try:
        targets = bench.path("targets")
        write_targets(targets, args.device)
        servers = {"peri": bench.start_balancer(bench.start_registry())}
        if not args.only_ours and shutil.which("nginx"):
            body = mean_body(servers["peri"][0], targets)
            servers["nginx_constant"] = bench.start_constant(body)
            servers["nginx_geoip2"] = bench.start_geoip(body)
        results = {name: [] for name in servers}
        for _ in range(args.rounds):
            for name, (port, pid) in servers.items():
                results[name].append(bench.measure(port, pid, targets))
        report(results)
        if args.perf:
            for name, (port, pid) in servers.items():
                with subprocess.Popen(["perf", "record", "-q", "-g", "-p",
                                       str(pid), "-o", f"{args.perf}.{name}",
                                       "sleep", str(args.seconds)]):
                    bench.measure(port, pid, targets)
    finally:
        bench.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

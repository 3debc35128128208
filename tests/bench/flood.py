#!/usr/bin/python3
"""The flood proof: 200,000 bad requests a second from 16 addresses, and what a
well-behaved client of the same balancer sees of it (tests/bench/flood.c).

Attacks: none; "query", a 400 each; "malformed", no HTTP; "good", more queries
than rate_limit allows; "connect", connections that end at once. All limits
have their defaults. cpu is the balancer's, of one core.

usage: flood.py [--build build/release] [--seconds 5] [--rate 200000]
                [--rounds 3] [--workers 1,2] [--kinds none,query,...]
                [--no-limits]
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))
HOST = "im.example.com"
SOURCES = 16


def start(fleet, folder, options, until):
    """A registry with three nodes and a balancer with @options."""
    registry = fleet.start(
        "peri-registry", "--listen-nodes=127.0.0.1:0",
        "--listen-admin=127.0.0.1:0", f"--state-dir={folder}",
        "--allow-private-addresses=yes", wait_for=("nodes",))
    port = registry.ports["nodes"]
    for i in range(3):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/nodes/n-{i}", method="PUT",
            headers={"Content-Type": "application/json"}, data=json.dumps({
                "service": HOST, "region": "fra", "lat": 50, "lon": 8,
                "addrs": [f"127.0.2.{i + 1}"], "ports": {"tcp": 3101},
                "capacity": 10000, "boot_epoch": 1,
                "ttl_ms": 3600000}).encode())
        urllib.request.urlopen(request).close()
    balancer = fleet.start(
        "peri-balancer", "--listen-public=127.0.0.1:0",
        "--listen-admin=127.0.0.1:0", *options,
        f"--state-dir={folder}", f"--registry=http://127.0.0.1:{port}",
        wait_for=("public", "admin"))
    until(lambda: urllib.request.urlopen(
        f"http://127.0.0.1:{balancer.ports['public']}/resolve?host={HOST}")
        .status == 200)
    return balancer


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def flood(build, balancer, kind, seconds, rate):
    """One attack; what tests/bench/flood printed, and the balancer's CPU."""
    before, began = cpu_s(balancer.process.pid), time.monotonic()
    run = subprocess.run(
        [os.path.join(build, "bench", "flood"), "127.0.0.1",
         str(balancer.ports["public"]), str(seconds),
         "0" if kind == "none" else str(rate), str(SOURCES),
         "query" if kind == "none" else kind, f"/resolve?host={HOST}"],
        capture_output=True, text=True, check=False)
    values = {line.split()[0]: float(line.split()[1])
              for line in run.stdout.splitlines()}
    assert values, run.stderr
    values["cpu"] = ((cpu_s(balancer.process.pid) - before)
                     / (time.monotonic() - began))
    return values


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=200000)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--kinds",
                        default="none,query,malformed,good,connect")
    parser.add_argument("--no-limits", action="store_true")
    args = parser.parse_args()
    options = ["--bad-rate=0", "--rate-limit=0", "--conns-per-address=0"]
    build = os.path.join(ROOT, args.build)
    os.environ["PERI_BUILD"] = build
    import harness  # pylint: disable=import-outside-toplevel
    for workers in args.workers.split(","):
        folder = tempfile.mkdtemp(prefix="peri-flood-")
        fleet = harness.Fleet(folder)
        try:
            balancer = start(
                fleet, folder, [f"--workers={workers}",
                                *(options if args.no_limits else [])],
                harness.until)
            rounds = {kind: [] for kind in args.kinds.split(",")}
            for _ in range(args.rounds):
                for kind, results in rounds.items():
                    results.append(flood(build, balancer, kind, args.seconds,
                                         args.rate))
            for kind, results in rounds.items():
                for name in results[0]:
                    median = statistics.median(r[name] for r in results)
                    print(f"flood.{workers}.{kind}.{name} {median:g}")
        finally:
            fleet.stop()
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()

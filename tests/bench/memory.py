#!/usr/bin/python3
"""What peri-balancer holds in memory with 100,000 nodes and the city database.

Four daemons, one after the other: with neither, with the map, with the nodes,
with both; the differences are the parts. Nodes come from a saved state, in
1,000 sites; the last daemon runs until its shelf holds 64 past snapshots.
Prints `name value unit` lines: resident memory now and at its peak.

usage: memory.py [--build build/release] [--seconds 70]
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))


def resident_mb(pid):
    values = {}
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                values[name] = int(value.split()[0]) / 1024
    return values["VmRSS"], values["VmHWM"]


def measure(harness, folder, args, map_files, state):
    fleet = harness.Fleet(folder)
    whole = map_files and os.listdir(state)
    try:
        daemon = fleet.start(
            "peri-balancer", "--listen-public=127.0.0.1:0",
            "--listen-admin=127.0.0.1:0", "--workers=2", "--balancer-id=b1",
            f"--state-dir={state}", "--registry=http://127.0.0.1:9",
            "--geo-databases=" + ",".join(map_files), wait_for=("public", "admin"))
        time.sleep(args.seconds if whole else 5)
        return resident_mb(daemon.process.pid)
    finally:
        fleet.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--seconds", type=int, default=70)
    args = parser.parse_args()
    os.environ["PERI_BUILD"] = os.path.join(ROOT, args.build)
    import harness  # pylint: disable=import-outside-toplevel
    files = [os.path.join(ROOT, "var", "geo", f)
             for f in ("city-ipv4.mmdb", "city-ipv6.mmdb")]
    with tempfile.TemporaryDirectory() as folder:
        empty, full = (os.path.join(folder, f) for f in ("without", "with"))
        os.mkdir(empty)
        os.mkdir(full)
        subprocess.run([os.path.join(ROOT, args.build, "bench",
                                     "bench_balancer__memory"), full],
                       check=True)
        for name, maps, state in (("neither", [], empty),
                                  ("map", files, empty),
                                  ("nodes", [], full),
                                  ("both", files, full)):
            now, peak = measure(harness, folder, args, maps, state)
            print(f"memory.{name} {now:.0f} MB")
            print(f"memory.{name}.peak {peak:.0f} MB", flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""What an idle session costs comet-agent in memory and a heartbeat in CPU.

Opens CONNECTIONS clients (authenticated, each its own key and user, all in 90
rooms), lets them be, then lets each beat ROUNDS times. Memory is the process's
private memory (smaps_rollup) after minus before, divided; CPU is what its
threads used (schedstat) per beat. Agent on core 0, clients on core 1. Prints
`name value unit` lines.

usage: comet.py [--build build/release] [--connections 9000] [--rounds 20]
"""
import argparse
import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BEAT = struct.pack(">IHHiI", 20, 16, 1, 2, 1) + struct.pack(">I", 240)


def frame(op, body):
    return struct.pack(">IHHiI", 16 + len(body), 16, 1, op, 0) + body


def memory_bytes(pid):
    total = 0
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("Private_"):
                total += int(line.split()[1]) * 1024
    return total


def cpu_ns(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        path = f"/proc/{pid}/task/{task}/schedstat"
        with open(path, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def start(build, folder):
    agent = subprocess.Popen(
        ["taskset", "-c", "0", os.path.join(build, "bin", "comet-agent"),
         "--node-id=bench", "--region=bench", "--addrs=127.0.0.1",
         "--listen-tcp=127.0.0.1:0", "--listen-admin=off",
         "--registry=http://127.0.0.1:1", "--registry-backoff-max=600s",
         "--capacity=100000", "--max-conns-per-ip=0", "--auth-timeout=600s",
         "--drain=0"],
        stderr=subprocess.PIPE, cwd=folder)
    for line in agent.stderr:
        if b"name=tcp" in line:
            return agent, int(line.split(b"port=")[1])
    raise SystemExit("comet-agent did not start")


def exchange(clients, data, answer_bytes):
    """Send to all, wait until all have their whole answer."""
    selector = selectors.DefaultSelector()
    left = {}
    for client in clients:
        client.sendall(data(client))
        left[client] = answer_bytes
        selector.register(client, selectors.EVENT_READ)
    while left:
        for key, _ in selector.select():
            piece = key.fileobj.recv(left[key.fileobj])
            if not piece:
                raise SystemExit("a client was closed")
            left[key.fileobj] -= len(piece)
            if left[key.fileobj] == 0:
                del left[key.fileobj]
                selector.unregister(key.fileobj)
    selector.close()


def auth(client):
    number = client.fileno()
    return frame(7, json.dumps({
        "mid": 100000 + number, "key": f"device-{number:08}-of-the-bench",
        "room_id": f"live://{number % 90}", "platform": "web",
        "accepts": [1000, 1001]}).encode())


def report(name, value, unit):
    print(f"{name} {value:.1f} {unit}", flush=True)


def measure(agent, port, options):
    pid, clients = agent.pid, []
    time.sleep(0.5)  # what the start allocates once is not a session's
    empty, began = memory_bytes(pid), cpu_ns(pid)
    for _ in range(options.connections):
        clients.append(socket.create_connection(("127.0.0.1", port)))
    exchange(clients, auth, 16)
    joined = cpu_ns(pid)
    report("comet_memory_per_idle_session",
           (memory_bytes(pid) - empty) / len(clients), "bytes")
    report("comet_cpu_per_connect_and_auth",
           (joined - began) / len(clients) / 1000, "us")
    began = cpu_ns(pid)
    for _ in range(options.rounds):
        exchange(clients, lambda client: BEAT, 20)
    report("comet_cpu_per_heartbeat",
           (cpu_ns(pid) - began) / len(clients) / options.rounds / 1000, "us")
    report("comet_memory_per_session_after_heartbeats",
           (memory_bytes(pid) - empty) / len(clients), "bytes")
    began = cpu_ns(pid)
    time.sleep(5)
    report("comet_cpu_idle", (cpu_ns(pid) - began) / 5 / 1e7, "percent")
    return clients


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build/release"))
    parser.add_argument("--connections", type=int, default=9000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    os.sched_setaffinity(0, {os.cpu_count() - 1})
    with tempfile.TemporaryDirectory() as folder:
        agent, port = start(os.path.abspath(options.build), folder)
        try:
            report("comet_connections", options.connections, "connections")
            for client in measure(agent, port, options):
                client.close()
        finally:
            agent.terminate()
            agent.wait(30)
    return agent.returncode


if __name__ == "__main__":
    sys.exit(main())

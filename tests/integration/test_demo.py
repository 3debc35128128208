"""The whole story, as `make run` starts it: kill any one process, the rest
serves, and the state heals when it is back (the demo starts it again)."""
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness import BUILD, PATIENCE, ROOT, http_call, run_tool, until

# One fleet of 26 processes at a time is enough for two cores.
pytestmark = pytest.mark.xdist_group("demo")

NODES = 22
# Tests run side by side: each process takes its networks from its own range.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
SERVICE = "im.demo"


def free_pair():
    """A port that is free together with the one above it."""
    while True:
        port = random.randrange(20000, 30000, 2)
        try:
            for number in (port, port + 1):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
            return port
        except OSError:
            continue


class Demo:
    def __init__(self, folder, run_seconds=0):
        self.folder = str(folder)
        self.registry, self.balancer = free_pair(), free_pair()
        self.output = ""
        env = {**os.environ, "PERI_DEMO_DIR": self.folder,
               "PERI_DEMO_BIN": os.path.join(BUILD, "bin"),
               "PERI_DEMO_REGISTRY_PORT": str(self.registry),
               "PERI_DEMO_BALANCER_PORT": str(self.balancer),
               "PERI_DEMO_NET": f"127.{WORKER + 1}.{random.randrange(2, 250)}",
               "PERI_DEMO_RATE": "10",
               "PERI_DEMO_READY_SECONDS": str(round(10 * PATIENCE)), "RUN_SECONDS": str(run_seconds)}
        self.process = subprocess.Popen(
            ["deploy/demo/run.sh"], cwd=ROOT, env=env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output += line

    def says(self, pattern, seconds=30):
        return until(lambda: re.search(pattern, self.output), seconds,
                     f"{pattern!r} in:\n{self.output}")

    def pid(self, name):
        with open(os.path.join(self.folder, "pid", name),
                  encoding="ascii") as file:
            return int(file.read())

    def all_pids(self):
        folder = os.path.join(self.folder, "pid")
        return [self.pid(name) for name in os.listdir(folder)]

    def nodes_up(self):
        answer = http_call(self.registry, "GET", "/v1/nodes?limit=100").json()
        return sum(node["state"] == "up" for node in answer["nodes"])

    def resolve(self, ip="200.160.2.3"):
        answer = http_call(self.balancer, "GET",
                           f"/resolve?host={SERVICE}&ip={ip}")
        assert answer.status == 200, answer.body
        return answer.json()

    def resolves(self):
        """Whether a full list is answered (503 while it starts)."""
        answer = http_call(self.balancer, "GET",
                           f"/resolve?host={SERVICE}&ip=200.160.2.3")
        return answer.status == 200 and len(answer.json()["nodes"]) == 5

    def kill(self, name):
        """kill -9; returns when the demo has noticed."""
        os.kill(self.pid(name), signal.SIGKILL)
        self.says(rf"(?m)^{name} \(pid \d+\) ended")

    def stop(self):
        """What Ctrl-C in a terminal does: the whole group gets SIGINT."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(30 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise
        self._reader.join(5)
        return self.process.returncode

    def kill_all(self):
        """The last resort: a test leaves no process behind."""
        self.process.kill()
        for pid in self.all_pids():
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def demo(tmp_path):
    demo = Demo(tmp_path)
    try:
        demo.says("perictl explain")
        until(lambda: demo.nodes_up() == NODES, 20, "all nodes up")
        yield demo
    finally:
        demo.stop()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_printed_link_lets_an_operator_in_once(demo):
    link = re.search(r"http://127\.0\.0\.1:(\d+)/#login=(\S+)", demo.output)
    port, code = int(link[1]), link[2]
    assert port == demo.registry + 1
    page = http_call(port, "GET", "/")
    assert page.status == 200 and b"<html" in page.body
    first = http_call(port, "POST", "/v1/login", {"code": code})
    assert first.status == 200 and first.json()["role"] == "operator"
    assert http_call(port, "POST", "/v1/login", {"code": code}).status == 401
    asked = until(lambda: http_call(
        port, "GET", "/v1/explain?ip=200.160.2.3"), what="an explanation")
    assert asked.status == 200


def test_nearest_region_is_served_and_explained(demo):
    until(lambda: demo.resolve()["nodes"], what="nodes in the answer")
    answer = demo.resolve()
    assert len(answer["nodes"]) == 5
    places = {(n["region"], n["id"]) for n in answer["nodes"]}
    assert len(places) == 5, "no node twice"
    if answer["client"].get("source") == "mmdb":
        assert answer["client"]["country"] == "BR"
        assert answer["nodes"][0]["region"] == "us-ashburn"
        tokyo = until(lambda: [n for n in demo.resolve("133.242.0.3")["nodes"]
                               if n["region"] == "jp-tokyo"],
                      what="Tokyo for a client in Japan")
        assert tokyo
    told = run_tool("perictl", "explain", "200.160.2.3", "--host", SERVICE,
                    "--balancer-admin", f"http://127.0.0.1:{demo.balancer + 1}")
    assert told.returncode == 0, told.stderr
    assert "us-ashburn" in told.stdout


def test_real_clients_connect_and_beat(demo):
    demo.says(r"(?m)^.*\b22\b.*", 20)

    def connections():
        regions = http_call(demo.registry, "GET", "/v1/regions").json()
        return sum(r["conns"] for r in regions["regions"])
    until(lambda: connections() >= 30, 30, "connections reported by agents")


def test_registry_killed_answers_go_on_and_state_heals(demo):
    until(lambda: demo.resolve()["nodes"], what="nodes in the answer")
    demo.kill("peri-registry")
    for _ in range(20):
        assert demo.resolve()["nodes"], "answers from the last snapshot"
    until(lambda: demo.nodes_up() == NODES, 30, "all nodes up again")


def test_balancer_killed_heals(demo):
    demo.kill("peri-balancer")
    until(lambda: demo.resolves(), 20, "answers again")
    assert demo.nodes_up() == NODES, "the registry did not notice"


def test_agent_killed_leaves_the_list_and_returns(demo):
    def first_ids():
        return {n["id"] for _ in range(5)
                for n in demo.resolve("133.242.0.3")["nodes"]}
    # Stopped, not killed: it stays silent instead of being started again.
    pid = demo.pid("agent-nrt-1")
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: demo.nodes_up() == NODES - 1, 30, "one node missing")
        until(lambda: "nrt-1" not in
              {demo.resolve("133.242.0.3")["nodes"][0]["id"]
               for _ in range(10)}, 20, "nobody sent to it first")
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: demo.nodes_up() == NODES, 20, "all nodes up again")
    demo.kill("agent-nrt-2")
    assert first_ids()
    until(lambda: demo.nodes_up() == NODES, 30, "all nodes up again")


def test_agents_killed_together_all_return(demo):
    pids = {name: demo.pid(name) for name in
            ("agent-iad-1", "agent-sjc-1", "agent-fra-1")}
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    for name in pids:
        demo.says(rf"(?m)^{name} \(pid \d+\) ended")
    until(lambda: all(demo.pid(name) != pid for name, pid in pids.items()), 20,
          "each started again")
    until(lambda: demo.nodes_up() == NODES, 30, "all nodes up again")


def test_interrupt_lets_the_agents_leave(tmp_path):
    demo = Demo(tmp_path)
    demo.says("perictl explain")
    until(lambda: demo.nodes_up() == NODES, 20, "all nodes up")
    assert demo.stop() == 0, demo.output
    assert "Stopping" in demo.output
    assert "starting it again" not in demo.output
    for name in os.listdir(tmp_path / "log"):
        log = (tmp_path / "log" / name).read_text(encoding="utf-8")
        if name.startswith("agent-"):
            assert "event=lease.deregister " in log, f"{name}:\n{log}"


def test_run_seconds_fails_when_a_node_is_not_ready(tmp_path):
    demo = Demo(tmp_path, run_seconds=6)
    demo.says("perictl explain")
    pid = demo.pid("agent-hkg-1")
    os.kill(pid, signal.SIGSTOP)
    try:
        demo.says("agent-hkg-1 is not ready", 60)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert demo.process.wait(60 * PATIENCE) != 0


def test_interrupt_stops_every_process_also_after_a_death(tmp_path):
    demo = Demo(tmp_path)
    demo.says("perictl explain")
    pids = demo.all_pids()
    assert len(pids) >= NODES + 3
    demo.kill("agent-pek-1")
    began = time.monotonic()
    demo.stop()
    assert time.monotonic() - began < 15 * PATIENCE
    assert not [pid for pid in pids if is_alive(pid)]


def test_run_seconds_ends_by_itself_with_success(tmp_path):
    began = time.monotonic()
    demo = Demo(tmp_path, run_seconds=3)
    demo.says("perictl explain")
    if PATIENCE == 1:
        assert time.monotonic() - began < 5, "a built tree is up within 5 s"
    demo.process.wait(60 * PATIENCE)
    assert demo.process.returncode == 0, demo.output

"""perictl and libperihelion against the real registry, balancer and comets."""
import json
import os
import re
import signal
import subprocess
import threading

import pytest

from harness import BUILD, PATIENCE, ROOT, metrics, run_tool, until

SECRET = "0123456789abcdef0123456789abcdef"
HOST = "im.test"
REGIONS = os.path.join(ROOT, "deploy", "demo", "regions.jsonc")
# TEST-NET addresses stand for a client in Shanghai and one in Frankfurt.
PLACES = [{"prefix": "198.51.100.0/24", "lat": 31.2, "lon": 121.4,
           "country": "CN", "area": "Shanghai"},
          {"prefix": "203.0.113.0/24", "lat": 50.1, "lon": 8.7,
           "country": "DE", "area": "Hesse"}]
SHANGHAI, FRANKFURT = "198.51.100.7", "203.0.113.7"


class Tool:
    """A perictl that keeps running; its JSON lines as they come."""

    def __init__(self, world, *args):
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "bin", "perictl"), *args],
            env=world.env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.lines = []
        self.errors = ""
        self._readers = [threading.Thread(target=self._read, daemon=True),
                         threading.Thread(target=self._read_errors,
                                          daemon=True)]
        for reader in self._readers:
            reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def _read_errors(self):
        self.errors = self.process.stderr.read()

    def sees(self, condition, seconds=20, what="line"):
        """Wait for a line that fits; returns it."""
        def find():
            return next((x for x in list(self.lines) if condition(x)), None)
        return until(find, seconds, f"{what} in {self.lines[-5:]}")

    def event(self, name, count=1, seconds=20):
        """Wait until `name` was seen `count` times; returns the last."""
        def find():
            seen = [x for x in list(self.lines) if x["event"] == name]
            return seen[count - 1] if len(seen) >= count else None
        return until(find, seconds, f"{count} x {name} in {self.lines[-9:]}")

    def end(self, number=signal.SIGTERM):
        """Send a signal; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(15 * PATIENCE)
        for reader in self._readers:
            reader.join(5)
        assert "Sanitizer" not in self.errors, self.errors
        return self.process.returncode


class World:
    """A registry, a balancer and a comet each in Shanghai and Frankfurt."""

    def __init__(self, fleet, folder):
        self.fleet, self.folder = fleet, str(folder)
        self.tools = []
        self.secret = self.write("token.secret", SECRET + "\n")
        overrides = self.write("overrides.jsonc", json.dumps(PLACES))
        self.registry = fleet.start(
            "peri-registry", "--listen-nodes=127.0.0.1:0",
            "--listen-admin=127.0.0.1:0", f"--state-dir={self.path('r')}",
            f"--regions-file={REGIONS}", "--allow-private-addresses=yes",
            wait_for=("nodes", "admin"))
        self.registry_url = self.url(self.registry, "nodes")
        self.balancer_args = [
            "--listen-admin=127.0.0.1:0", "--balancer-id=b1",
            f"--state-dir={self.path('b')}", f"--registry={self.registry_url}",
            f"--geo-overrides={overrides}", "--trust-ip-parameter=yes",
            "--heartbeat-start=15s", "--heartbeat-min=15s"]
        self.balancer = self.start_balancer(0)
        self.env = {**os.environ,
                    "PERI_TOKEN_FILE": self.path("r/admin.token"),
                    "PERI_REGISTRY": self.registry_url,
                    "PERI_REGISTRY_ADMIN": self.url(self.registry, "admin"),
                    "PERI_BALANCER": self.url(self.balancer, "public"),
                    "PERI_BALANCER_ADMIN": self.url(self.balancer, "admin")}
        self.agents = {}
        self.start_agent("sha-1", "cn-shanghai")
        self.start_agent("fra-1", "de-frankfurt")
        self.both_listed()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    @staticmethod
    def url(daemon, name):
        return f"http://127.0.0.1:{daemon.ports[name]}"

    def start_balancer(self, port):
        return self.fleet.start(
            "peri-balancer", f"--listen-public=127.0.0.1:{port}",
            *self.balancer_args, wait_for=("public", "admin"))

    def start_agent(self, node, region):
        self.agents[node] = self.fleet.start(
            "comet-agent", f"--node-id={node}", f"--region={region}",
            f"--service={HOST}", "--addrs=127.0.0.1",
            "--listen-tcp=127.0.0.1:0", "--listen-admin=127.0.0.1:0",
            f"--registry={self.registry_url}", "--auth-mode=token",
            f"--token-secret={SECRET}", "--lease-ttl=2s", "--drain=500ms",
            wait_for=("tcp", "admin"))

    def run(self, *args):
        done = run_tool("perictl", *args, env=self.env)
        assert "Sanitizer" not in done.stderr, done.stderr
        return done

    def json(self, *args):
        done = self.run(*args, "-o", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def both_listed(self):
        def listed():
            done = self.run("resolve", "--host", HOST, SHANGHAI, "-o", "json")
            return (done.returncode == 0 and
                    [n["id"] for n in json.loads(done.stdout)["nodes"]] ==
                    ["sha-1", "fra-1"])
        until(listed, 20, "both nodes in the answer")

    def tool(self, *args):
        self.tools.append(Tool(self, *args))
        return self.tools[-1]

    def connect(self, *args):
        return self.tool("connect", "--host", HOST, "--ip", SHANGHAI,
                         "--token-secret-file", self.secret, "-o", "json",
                         *args)

    def conns(self, node):
        return metrics(self.agents[node].ports["admin"]).get(
            "peri_comet_connections", 0)


@pytest.fixture
def world(fleet, tmp_path):
    world = World(fleet, tmp_path)
    yield world
    for tool in world.tools:
        tool.end(signal.SIGKILL)


def test_resolve_shows_the_nearest_first(world):
    done = world.run("resolve", "--host", HOST, SHANGHAI)
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()
            if line.lstrip()[:1] in ("1", "2")]
    assert [row[1] for row in rows] == ["sha-1", "fra-1"]
    assert int(rows[0][3]) < 100 < int(rows[1][3]), "km"
    assert "CN Shanghai (override)" in done.stdout
    answer = world.json("resolve", "--host", HOST, FRANKFURT, "-n", "1")
    assert [n["id"] for n in answer["nodes"]] == ["fra-1"]


def test_nodes_regions_and_explain(world):
    nodes = world.json("nodes")
    assert [n["id"] for n in nodes["nodes"]] == ["fra-1", "sha-1"]
    done = world.run("nodes", "--region", "de-frankfurt")
    assert "fra-1" in done.stdout and "sha-1" not in done.stdout
    assert done.stdout.startswith("node "), "a head row"
    regions = world.json("regions")
    up = {r["id"]: r["nodes"] for r in regions["regions"]}
    assert up["cn-shanghai"] == 1 and up["jp-tokyo"] == 0
    assert "Shanghai" in world.run("regions").stdout
    told = world.run("explain", SHANGHAI, "--host", HOST)
    assert told.returncode == 0, told.stderr
    assert "CN Shanghai" in told.stdout and "sha-1" in told.stdout
    what_if = world.run("explain", SHANGHAI, "--host", HOST, "--without",
                        "sha-1")
    assert what_if.returncode == 0, what_if.stderr
    assert "before %" in what_if.stdout and "sha-1" in what_if.stdout
    explained = world.json("explain", SHANGHAI, "--host", HOST)
    assert explained["nodes"][0]["id"] == "sha-1"


def test_a_drain_moves_new_clients_and_lets_the_others_go(world):
    def first():
        answer = world.json("resolve", "--host", HOST, SHANGHAI)
        return answer["nodes"][0]["id"]
    tool = world.connect()
    assert tool.event("up")["node"] == "sha-1"
    done = world.run("drain", "sha-1", "--reason", "test", "--rate", "100",
                     "--deadline", "2s")
    assert done.returncode == 0, done.stderr
    until(lambda: first() == "fra-1", 10, "nobody new to sha-1")
    assert tool.event("up", 2, seconds=20)["node"] == "fra-1"
    until(lambda: world.json("node", "sha-1")["why"], 10, "why not")
    assert "drain" in world.run("nodes").stdout
    done = world.run("undrain", "sha-1", "--reason", "test")
    assert done.returncode == 0, done.stderr
    until(lambda: first() == "sha-1", 10, "sha-1 again")
    assert tool.end() == 0


def test_exit_codes_and_errors_that_help(world):
    rows = [
        (["resolve", "--host", HOST, "nonsense"], 2, "is no IP address"),
        (["resolve", "--family", "5"], 2, "takes 4, 6 or 46"),
        (["explain"], 2, "say which client"),
        (["nodes", "-o", "xml"], 2, "table or json"),
        (["frobnicate"], 2, "there is no command"),
        (["nodes", "--state", "gone"], 2, "takes up, suspect or down"),
        (["resolve", "--host", "other", SHANGHAI], 4, "404"),
        (["nodes", "--registry-admin", "http://127.0.0.1:1"], 3,
         "is peri-registry running?"),
        (["nodes", "--registry-admin", "127.0.0.1:7172"], 2, "takes a URL"),
        (["regions", "--registry-admin", world.env["PERI_BALANCER"]], 4, "404"),
        (["token"], 2, "--token-secret-file"),
        (["token", "--token-secret-file", "/nonexistent"], 1,
         "no such file"),
        (["demo-load", "--geo-db", "/nonexistent.mmdb"], 1,
         "/nonexistent.mmdb"),
    ]
    for args, code, text in rows:
        done = world.run(*args)
        assert done.returncode == code, (args, done.stderr)
        assert text in done.stderr, (args, done.stderr)
        assert done.stderr.startswith("perictl: ")
    assert world.run("help").returncode == 0
    assert world.run("resolve", "--help").returncode == 0
    assert world.run().returncode == 2
    version = world.run("--version")
    assert version.returncode == 0 and version.stderr == ""
    assert re.fullmatch(r"perictl \d+\.\d+\.\d+\n", version.stdout)


def test_a_daemon_that_answers_garbage(world):
    import socket
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(data):
        peer, _ = listener.accept()
        peer.recv(4096)
        peer.sendall(data)
        peer.close()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    for data, code in [(b"220 smtp ready\r\n", 3), (head + b"{", 1),
                       (head + b'{"nodes":7}', 1), (b"", 3),
                       (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx", 3)]:
        thread = threading.Thread(target=answer, args=(data,))
        thread.start()
        done = world.run("resolve", "--balancer", url)
        thread.join()
        assert done.returncode == code, (data, done.stderr)
        assert done.stderr.startswith("perictl: ")
    listener.close()


def test_connect_authenticates_beats_and_leaves(world):
    tool = world.connect("--count", "1", "--foreground")
    up = tool.event("up")
    assert (up["node"], up["region"]) == ("sha-1", "cn-shanghai")
    until(lambda: world.conns("sha-1") == 1, what="one connection")
    # The interval is declared with the beat; the bounds are the balancer's.
    assert tool.event("beat", seconds=30)["next_s"] == 15
    tool.event("beat-reply")
    assert tool.end(0) == 0
    until(lambda: world.conns("sha-1") == 0, what="it has left")


def test_signed_token_is_accepted(world):
    signed = world.run("token", "--token-secret-file", world.secret,
                       "--subject", "anna").stdout.strip()
    assert signed.count(".") == 2
    tool = world.tool("connect", "--host", HOST, "--ip", FRANKFURT, "--token",
                      signed, "-o", "json")
    assert tool.event("up")["node"] == "fra-1"
    assert tool.end() == 0


def test_refused_without_a_token(world):
    done = run_tool("perictl", "connect", "--host", HOST, "--ip", SHANGHAI,
                    "--seconds", "2", "-o", "json", env=world.env)
    assert done.returncode == 4, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert not any(e["event"] == "up" for e in events)
    failed = [e for e in events if e["event"] == "failed"]
    assert failed and all("closed before" in e["why"] for e in failed)
    # A refusal is no failed node: nobody has become suspect.
    assert len(world.json("resolve", "--host", HOST, SHANGHAI)["nodes"]) == 2


def test_node_dies_the_next_one_takes_over(world):
    tool = world.connect()
    assert tool.event("up")["node"] == "sha-1"
    world.agents["sha-1"].kill()
    assert tool.event("up", 2)["node"] == "fra-1"
    assert tool.end() == 0


def test_drained_node_says_goodbye(world):
    tool = world.connect()
    assert tool.event("up")["node"] == "sha-1"
    world.agents["sha-1"].signal(signal.SIGTERM)
    assert tool.event("waiting")["goodbye"] == "drain"
    assert tool.event("up", 2)["node"] == "fra-1"
    assert tool.end() == 0


def test_everything_away_and_back(world):
    """The client outlives all daemons and finds them again."""
    tool = world.connect()
    tool.event("up")
    port = world.balancer.ports["public"]
    world.balancer.kill()
    for agent in world.agents.values():
        agent.kill()
    tool.event("waiting")
    world.balancer = world.start_balancer(port)
    world.start_agent("sha-1", "cn-shanghai")
    assert tool.event("up", 2, seconds=60)["node"] == "sha-1"
    assert tool.end() == 0


def demo_load(world, *args):
    return world.tool("demo-load", "--host", HOST, "--rate", "40",
                      "--session-mean", "1", "--token-secret-file",
                      world.secret, "--json", *args)


def test_demo_load_on_a_healthy_fleet(world):
    load = demo_load(world, "--seconds", "4", "--strict")
    load.process.wait(30 * PATIENCE)
    assert load.end() == 0, load.errors
    last = load.lines[-1]
    assert last["nodes_up"] == last["nodes_total"] == 2
    assert last["connects_total"] > 50
    assert last["resolve_failed_total"] == last["refused_total"] == 0
    for node in world.agents:
        until(lambda n=node: world.conns(n) == 0, what="all have left")


def test_demo_load_survives_the_balancer(world):
    load = demo_load(world, "--strict")
    load.sees(lambda x: x["connects_total"] > 10)
    port = world.balancer.ports["public"]
    world.balancer.kill()
    failed = load.sees(lambda x: x["resolve_failed_total"] > 0)
    world.balancer = world.start_balancer(port)
    load.sees(lambda x: x["connects_total"] > failed["connects_total"] + 20,
              40, "clients again")
    assert load.end() == 1, "strict: not all went well"
    assert "not all well" in load.errors


def test_demo_load_without_a_registry(world):
    load = demo_load(world, "--registry", "http://127.0.0.1:1")
    line = load.sees(lambda x: x["connects_total"] > 10)
    assert line["registry"] is False
    assert load.end(signal.SIGINT) == 0


def test_demo_load_says_that_there_is_no_geography(world):
    done = world.run("demo-load", "--host", HOST, "--rate", "10", "--seconds",
                     "2", "--token-secret-file", world.secret,
                     "--geo-db", "")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "no city database" in lines[0] and "198.18.0.0/15" in lines[0]
    assert lines[1].startswith("nodes 2/2  connections ")


def test_demo_load_respects_its_maximum(world):
    load = demo_load(world, "--clients-max", "5", "--session-mean", "60")
    load.sees(lambda x: x["held_back_total"] > 10)
    assert max(x["clients"] for x in load.lines) == 5
    assert load.end() == 0

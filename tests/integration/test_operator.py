"""The operator's shell: perictl against the real registry's admin side. What it
prints as JSON is what the API says; what it refuses says what to do."""
import fcntl
import http.server
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

import pytest

from harness import BUILD, PATIENCE, http_call, run_tool, until
from test_registry import EU, NODE
from test_view import pair  # noqa: F401 (a fixture)

ASIA = {"id": "asia", "title": "Asia", "lat": 1.3, "lon": 103.8}


class Operator:
    """A registry with two nodes, and a shell beside it."""

    def __init__(self, fleet, folder, *args):
        self.fleet, self.folder = fleet, folder
        self.regions = folder / "regions.jsonc"
        self.regions.write_text(json.dumps([EU, ASIA]))
        self.daemon = fleet.start(
            "peri-registry", "--listen-nodes=127.0.0.1:0",
            "--listen-admin=127.0.0.1:0", f"--state-dir={folder}/state",
            f"--regions-file={self.regions}", "--allow-private-addresses=yes",
            *args, wait_for=("nodes", "admin"))
        self.admin = self.daemon.ports["admin"]
        self.env = {
            "PERI_REGISTRY_ADMIN": f"http://127.0.0.1:{self.admin}",
            "PERI_TOKEN_FILE": f"{folder}/state/admin.token"}
        self.register("fra-1", "eu")
        self.register("sin-1", "asia")

    def register(self, name, region):
        answer = http_call(self.daemon.ports["nodes"], "PUT",
                           f"/v1/nodes/{name}", {**NODE, "region": region})
        assert answer.status in (200, 201), answer.body

    def api(self, path):
        token = (self.folder / "state/admin.token").read_text().strip()
        answer = http_call(self.admin, "GET", path,
                           headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 200, answer.body
        return answer.json()

    def run(self, *args, env=None):
        done = run_tool("perictl", *args, env={**self.env, **(env or {})})
        assert "Sanitizer" not in done.stderr, done.stderr
        return done

    def fine(self, *args):
        done = self.run(*args)
        assert done.returncode == 0, (args, done.stderr)
        return done.stdout

    def json(self, *args):
        return json.loads(self.fine(args[0], "-o", "json", *args[1:]))

    def spawn(self, *args, **pipes):
        return subprocess.Popen(
            [os.path.join(BUILD, "bin", "perictl"), *args],
            env={**os.environ, **self.env}, **pipes)


@pytest.fixture
def operator(fleet, tmp_path):
    return Operator(fleet, tmp_path)


def without_times(node):
    """What holds for longer than two questions take."""
    return {k: v for k, v in node.items()
            if not k.endswith(("_ms", "age_s", "uptime_s"))}


def test_nodes_and_regions_are_the_states(operator):
    state = operator.api("/v1/state")
    nodes = operator.json("nodes")["nodes"]
    assert [without_times(n) for n in nodes] == [
        without_times(n) for n in state["nodes"]]
    assert [n["id"] for n in operator.json("nodes", "--region", "asia")
            ["nodes"]] == ["sin-1"]
    assert operator.json("nodes", "--state", "down")["nodes"] == []
    assert operator.json("regions")["regions"] == state["regions"]
    assert operator.json("coverage") == {k: state[k]
                                         for k in ("areas", "flows")}
    assert operator.fine("coverage").split()[:2] == ["country", "place"]
    assert without_times(operator.json("node", "fra-1")) == without_times(
        next(n for n in state["nodes"] if n["id"] == "fra-1"))
    table = operator.fine("nodes")
    assert table.splitlines()[0].split()[0] == "node"
    assert "fra-1" in table and "sin-1" in table
    assert "Europe" in operator.fine("regions")
    assert re.search(r"^region +eu$", operator.fine("node", "fra-1"), re.M)


def test_status_says_the_numbers(operator):
    status = operator.json("status")
    assert set(status) == {"id", "wall_ms", "registry", "status", "regions",
                           "balancers", "intents"}
    assert status["status"] == operator.api("/v1/state")["status"]
    assert f"of {status['status']['nodes']} ready" in operator.fine("status")


def test_exit_codes_and_what_to_do(operator):
    away = {"PERI_REGISTRY_ADMIN": "http://127.0.0.1:1"}
    rows = [
        (["node", "nope"], {}, 1, "perictl nodes lists them"),
        (["node"], {}, 2, "lacks an argument"),
        (["nodes", "--state", "gone"], {}, 2, "up, suspect or down"),
        (["status"], away, 3, "is peri-registry running?"),
        (["events", "-f"], away, 3, "is peri-registry running?"),
        (["top"], away, 3, "is peri-registry running?"),
        (["events", "--severity", "loud"], {}, 4, "info, warn or error"),
        (["status"], {"PERI_TOKEN_FILE": "/nonexistent/x"}, 1, "token"),
        (["status"], {"PERI_TOKEN_FILE": "", "PERI_TOKEN": "x" * 20}, 4,
         "--token-file FILE"),
        (["drain", "fra-1"], {}, 2, "--reason"),
        (["drain", "nope", "--reason", "x"], {}, 2, "no node and no region"),
        (["drain", "x/y", "--reason", "x"], {}, 2, "neither node/ID"),
        (["drain", "fra-1", "--reason", "x", "--rate", "0"], {}, 2, "1 to"),
        (["drain", "fra-1", "--reason", "x", "--for", "1m", "--until",
          "06:00"], {}, 2, "not both"),
        (["drain", "fra-1", "--reason", "x", "--until", "soon"], {}, 2,
         "--until takes"),
        (["weight", "fra-1", "1001", "--reason", "x"], {}, 2, "0 to 1000"),
        (["bias", "eu", "far", "--reason", "x"], {}, 2, "km, or none"),
    ]
    for args, env, code, text in rows:
        done = operator.run(*args, env=env)
        assert done.returncode == code, (args, done.stderr)
        assert text in done.stderr, (args, done.stderr)
        assert done.stderr.startswith("perictl: ")


def test_a_token_is_never_shown(operator):
    token = (operator.folder / "state/admin.token").read_text().strip()
    for args in (["status"], ["nodes", "-o", "json"], ["node", "nope"]):
        done = operator.run(*args)
        assert token not in done.stdout + done.stderr
    wrong = "w" * 40
    done = operator.run("status", env={"PERI_TOKEN_FILE": "",
                                       "PERI_TOKEN": wrong})
    assert done.returncode == 4 and wrong not in done.stderr


def test_events_are_the_logs(operator):
    told = [json.loads(line) for line in
            operator.fine("events", "-o", "json").splitlines()]
    assert told == operator.api("/v1/log")["events"]
    joined = [json.loads(line) for line in operator.fine(
        "events", "--kind", "node.join", "--target", "region/eu", "-o",
        "json").splitlines()]
    assert [e["target"] for e in joined] == ["node/fra-1"]
    assert re.search(r"Z  info   node\.join +node/sin-1 ",
                     operator.fine("events"))


class Lines:
    """A command that goes on; its lines as they come."""

    def __init__(self, operator, *args):
        self.lines = []
        self.process = operator.spawn(*args, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
        self.errors = []
        for stream, into in ((self.process.stdout, self.lines),
                             (self.process.stderr, self.errors)):
            threading.Thread(target=self._read, args=(stream, into),
                             daemon=True).start()

    @staticmethod
    def _read(stream, into):
        for line in stream:
            into.append(line)

    def says(self, text):
        until(lambda: any(text in line for line in self.lines), 20,
              f"{text!r} in {self.lines}, {self.errors}")

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10 * PATIENCE)


def test_events_follow_over_a_restart(operator):
    lines = Lines(operator, "events", "-f", "-o", "json")
    lines.says("node/sin-1")  # what was before
    operator.register("fra-2", "eu")
    lines.says("node/fra-2")
    port = operator.admin
    operator.daemon.kill()
    until(lambda: lines.errors, 20, "it says that the stream ended")
    operator.daemon.args = [
        f"--listen-admin=127.0.0.1:{port}" if a.startswith("--listen-admin")
        else a for a in operator.daemon.args]
    operator.daemon.start(wait_for=("nodes", "admin"))
    operator.register("fra-3", "eu")
    lines.says("node/fra-3")
    assert lines.end() == -signal.SIGINT
    seen = [json.loads(line)["id"] for line in lines.lines]
    assert seen == sorted(set(seen)), "each once, in order"


def test_top_without_a_terminal_is_plain(operator):
    out = operator.fine("top", "--count", "2", "--interval", "10ms")
    assert out.count("perictl top") == 2 and "fra-1" in out
    assert "\033" not in out
    rows = operator.fine("top", "--count", "2", "--interval", "10ms", "-o",
                         "json").splitlines()
    assert [json.loads(r)["status"]["nodes"] for r in rows] == [2, 2]


class Terminal:
    """perictl top on a terminal of 60 x 12."""

    def __init__(self, operator, *args):
        self.master, slave = pty.openpty()
        self.resize(12, 60)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.text = b""
        self.process = operator.spawn(
            *args, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,  # and its terminal: Ctrl-C is a signal
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                self.text += os.read(self.master, 65536)
            except OSError:
                return

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def frames(self):
        """What stood on the screen: lists of lines."""
        return [re.sub(r"\033\[[0-9?]*[A-Za-z]", "", frame).split("\r\n")
                for frame in self.text.decode(errors="replace")
                .split("\033[H")[1:]]

    def end(self, code):
        assert self.process.wait(10 * PATIENCE) == code
        until(lambda: b"\033[?1049l" in self.text, 5, "the screen is back")
        assert termios.tcgetattr(self.slave) == self.before
        os.close(self.slave)
        os.close(self.master)


def test_top_on_a_terminal_fits_and_ends_on_q(operator):
    terminal = Terminal(operator, "top", "--interval", "50ms")
    until(lambda: len(terminal.frames()) > 2, 20, "pictures")
    for frame in terminal.frames()[:2]:
        assert len(frame) <= 12
        assert max(map(len, frame)) <= 60, frame
    terminal.resize(40, 200)
    until(lambda: "fra-1" in "".join(terminal.frames()[-1]), 20, "all rows")
    os.write(terminal.master, b"q")
    terminal.end(0)


def test_top_stays_while_the_registry_is_away(operator):
    terminal = Terminal(operator, "top", "--interval", "50ms", "--timeout",
                        "200ms")
    terminal.resize(40, 200)
    until(lambda: terminal.frames(), 20, "a picture")
    operator.daemon.kill()
    until(lambda: "STALE" in "".join(terminal.frames()[-1]), 20, "stale")
    os.write(terminal.master, b"\x03")
    terminal.end(0)


def test_completion_knows_the_fleet(operator):
    def words(*typed):
        return [line.split("\t")[0] for line in operator.fine(
            "completion", "words", "--", *typed).splitlines()]
    assert words("node", "") == ["fra-1", "sin-1"]
    assert words("nodes", "--region", "") == ["asia", "eu"]
    assert words("drain", "node/") == ["node/fra-1", "node/sin-1"]
    assert words("drain", "re") == ["region/asia", "region/eu"]
    gone = operator.run("completion", "words", "--", "node", "", env={
        "PERI_REGISTRY_ADMIN": "http://127.0.0.1:1"})
    assert (gone.returncode, gone.stdout) == (0, "")


def test_drain_keeps_a_weight_and_undrain_too(operator):
    assert "weight 50" in operator.fine("weight", "fra-1", "50", "--reason",
                                        "slow disk")
    drained = operator.json("drain", "fra-1", "--reason", "kernel", "--rate",
                            "5", "--deadline", "30m", "--for", "2h")
    assert (drained["scope"], drained["id"], drained["state"]) == (
        "node", "fra-1", "drain")
    assert (drained["weight"], drained["shed_per_min"], drained["deadline_s"],
            drained["by"], drained["reason"]) == (50, 5, 1800, "admin",
                                                  "kernel")
    assert drained["until_wall_s"] - drained["since_wall_s"] in (7199, 7200,
                                                                 7201)
    # What is not said again stays.
    again = operator.json("drain", "fra-1", "--reason", "still", "--rate", "7")
    assert (again["shed_per_min"], again["deadline_s"]) == (7, 1800)
    again = operator.json("drain", "fra-1", "--reason", "more", "--deadline",
                          "40m")
    assert (again["shed_per_min"], again["deadline_s"]) == (7, 2400)
    shown = operator.json("intent", "fra-1")
    assert shown == operator.api("/v1/intent/node/fra-1")
    assert operator.json("intent") == operator.api("/v1/intents")
    up = operator.json("undrain", "fra-1", "--reason", "new kernel")
    assert (up["state"], up["weight"], up["shed_per_min"]) == ("up", 50, None)
    assert up["until_wall_s"] == drained["until_wall_s"], "its end stays"
    assert "released" in operator.fine("weight", "fra-1", "none", "--reason",
                                       "new disk")
    assert operator.api("/v1/intents")["intents"] == []
    done = operator.run("intent", "fra-1")
    assert done.returncode == 4 and "intent lists what holds" in done.stderr


def test_maintenance_bias_and_release_of_a_region(operator):
    maint = operator.json("maint", "asia", "--until", "2100-01-02T03:04Z",
                          "--reason", "power")
    assert (maint["scope"], maint["state"], maint["until_wall_s"]) == (
        "region", "maintenance", 4102542240)
    bias = operator.json("bias", "asia", "--reason", "dear", "--", "-500")
    assert (bias["state"], bias["bias_km"]) == ("maintenance", -500)
    table = operator.fine("intent")
    assert re.search(r"^region/asia +maintenance, bias -500 km +admin ", table,
                     re.M)
    assert "2100-01-02 03:04:00Z" in table
    assert "maintenance" in operator.fine("regions")
    assert "released" in operator.fine("release", "asia", "--reason", "done")
    assert operator.run("release", "asia", "--reason", "x").returncode == 4


def test_who_was_slower_hears_of_it(operator):
    """Between reading and changing somebody else changes it."""
    class Between(http.server.BaseHTTPRequestHandler):
        def hand_on(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.command != "GET":
                operator.fine("maint", "fra-1", "--reason", "a disk")
            answer = http_call(operator.admin, self.command, self.path,
                               body or None, dict(self.headers))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_PUT = do_DELETE = hand_on

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = {"PERI_REGISTRY_ADMIN": f"http://127.0.0.1:{server.server_port}"}
    for args in (["weight", "fra-1", "5"], ["release", "fra-1"]):
        done = operator.run(*args, "--reason", "mine", env=env)
        assert done.returncode == 4  # refused
        assert "412" in done.stderr and "a disk" in done.stderr
        held = operator.api("/v1/intents")["intents"]
        assert [(x["state"], x["weight"]) for x in held] == [
            ("maintenance", None)]
        # The next change in between must be another one.
        operator.fine("drain", "fra-1", "--reason", "another")
    server.shutdown()
    server.server_close()


def test_an_intent_for_what_is_to_come(operator):
    said = operator.fine("weight", "node/new-1", "0", "--reason", "not yet")
    assert "There is no such node yet" in said
    assert operator.json("intent", "node/new-1")["known"] is False


def test_who_may_not_is_told_which_role(operator):
    file = operator.folder / "viewer.token"
    tokens = operator.folder / "tokens"
    tokens.write_text("vera viewer " + "v" * 32 + "\n")
    tokens.chmod(0o600)
    file.write_text("v" * 32 + "\n")
    operator.daemon.stop()
    operator.daemon.args.append(f"--tokens-file={tokens}")
    operator.daemon.start(wait_for=("nodes", "admin"))
    operator.admin = operator.daemon.ports["admin"]
    env = {"PERI_REGISTRY_ADMIN": f"http://127.0.0.1:{operator.admin}",
           "PERI_TOKEN_FILE": str(file)}
    assert operator.run("status", env=env).returncode == 0
    done = operator.run("drain", "node/fra-1", "--reason", "x", env=env)
    assert done.returncode == 4
    assert "needs the role operator" in done.stderr
    assert "take one with a higher role" in done.stderr
    # Without any token somebody is a viewer here, who may not either.
    env["PERI_TOKEN_FILE"] = ""
    done = operator.run("drain", "node/fra-1", "--reason", "x", env=env)
    assert done.returncode == 4 and "--token-file FILE" in done.stderr


def test_the_audit_says_who_and_why(operator):
    operator.fine("drain", "fra-1", "--reason", "kernel")
    operator.fine("undrain", "fra-1", "--reason", "new kernel")
    told = operator.json("audit", "--target", "node/fra-1")
    assert told == operator.api("/v1/audit?limit=50&target=node%2Ffra-1")
    assert [(a["action"], a["by"], a["reason"]) for a in told["audit"]] in (
        [("intent.put", "admin", "kernel"),
         ("intent.delete", "admin", "new kernel")],
        [("intent.delete", "admin", "new kernel"),
         ("intent.put", "admin", "kernel")])
    table = operator.fine("audit")
    assert "- → drain" in table and "drain → -" in table


def test_login_is_a_url_for_once(operator):
    told = operator.json("login", "--role", "viewer")
    assert told["url"] == (f"http://127.0.0.1:{operator.admin}/#login="
                           f"{told['code']}")
    for status in (200, 401):
        answer = http_call(operator.admin, "POST", "/v1/login",
                           {"code": told["code"]})
        assert answer.status == status, answer.body
        if status == 200:
            assert answer.json()["role"] == "viewer"
    assert re.fullmatch(r"http://\S+/#login=\S+\n", operator.fine("login"))
    assert operator.run("login", "--role", "king").returncode == 4


def test_history_is_the_apis(operator):
    def told(target):  # nothing is known of it in the first seconds
        done = operator.run("history", target, "-o", "json")
        return done.returncode == 0 and json.loads(done.stdout)
    for target, name in (("fleet", "fleet"), ("region/eu", "region/eu"),
                         ("fra-1", "node/fra-1")):
        shown = until(lambda: told(target), 20, f"history of {target}")
        api = operator.api(
            f"/v1/history?target={name.replace('/', '%2F')}&span=hour")
        assert shown["target"] == name
        assert (shown["step_s"], set(shown["series"])) == (
            api["step_s"], set(api["series"]))
    day = operator.fine("history", "--span", "day")
    assert "a value each 60 s" in day and re.search(r"^conns ", day, re.M)
    assert operator.run("history", "--span", "year").returncode == 4
    done = operator.run("history", "nope")
    assert done.returncode == 4 and "perictl nodes" in done.stderr


def test_explain_through_the_registry(pair):  # noqa: F811
    ports, balancer = pair
    env = {"PERI_REGISTRY_ADMIN": f"http://127.0.0.1:{ports['admin']}",
           "PERI_BALANCER_ADMIN":
               f"http://127.0.0.1:{balancer.ports['admin']}"}

    def explained(*args):
        done = run_tool("perictl", "explain", "192.0.2.1", *args, env=env)
        return done.returncode == 0 and done.stdout
    until(lambda: explained("--relay"), 20, "an explanation")
    direct = json.loads(explained("-o", "json"))
    relayed = json.loads(explained("--relay", "-o", "json"))
    assert relayed.keys() == direct.keys()
    assert [n["id"] for n in relayed["nodes"]] == ["n-1"]
    assert "sites, nearest first" in explained("--relay")
    balancer.stop()
    done = run_tool("perictl", "explain", "192.0.2.1", "--relay", env=env)
    assert done.returncode == 4 and "502" in done.stderr


PREVIEW = {"regions": [{"id": "eu", "before": 0.6, "after": 0.25},
                       {"id": "asia", "before": 0.4, "after": 0.75}],
           "nodes": [{"id": "fra-1", "before": 0.6, "after": 0.25}],
           "moved_share": 0.35}


def test_a_dry_run_asks_what_would_move_and_changes_nothing(fleet, tmp_path):
    asked = []

    class Balancer(http.server.BaseHTTPRequestHandler):
        """What is asked of a balancer's admin side."""

        def do_GET(self):
            asked.append(self.path)
            body = json.dumps(PREVIEW).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Balancer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    operator = Operator(fleet, tmp_path, "--balancer-admin="
                        f"http://127.0.0.1:{server.server_address[1]}")
    rows = [
        (["weight", "fra-1", "50"], "weight=fra-1:50"),
        (["drain", "fra-1"], "drained=node/fra-1"),
        (["maint", "eu"], "drained=eu"),
        (["bias", "eu", "300"], "bias=eu:300"),
        (["weight", "eu", "50"], "weight=region/eu:50"),
    ]
    for args, query in rows:
        assert operator.json(*args, "--dry-run") == PREVIEW
        assert asked[-1] == f"/v1/preview?{query}"
    table = operator.fine("drain", "fra-1", "--dry-run")
    assert table.startswith("35.0 % of all first choices would move")
    assert re.search(r"^eu +60\.00 +25\.00 +-35\.00$", table, re.M)
    for args in (["undrain", "fra-1"], ["release", "fra-1"],
                 ["weight", "fra-1", "none"]):
        done = operator.run(*args, "--dry-run")
        assert done.returncode == 2 and "moves nobody" in done.stderr
    assert operator.api("/v1/intents")["intents"] == []
    operator.fine("drain", "fra-1", "--reason", "test")
    operator.fine("weight", "fra-1", "50", "--reason", "test")
    before = operator.api("/v1/intents")
    for args, query in [
            (["undrain", "fra-1"], "release=fra-1&weight=fra-1:50"),
            (["release", "fra-1"], "release=fra-1"),
            (["weight", "fra-1", "none"],
             "release=fra-1&drained=node/fra-1")]:
        assert operator.json(*args, "--dry-run") == PREVIEW
        assert asked[-1] == f"/v1/preview?{query}"
    assert operator.api("/v1/intents") == before
    server.shutdown()
    server.server_close()


def test_a_dry_run_with_a_real_balancer(pair, tmp_path):  # noqa: F811
    ports, _ = pair
    # An operator: viewers may ask for one preview a second.
    env = {"PERI_REGISTRY_ADMIN": f"http://127.0.0.1:{ports['admin']}",
           "PERI_TOKEN_FILE": f"{tmp_path}/state/admin.token"}
    answer = http_call(ports["nodes"], "PUT", "/v1/nodes/n-2",
                       {**NODE, "region": "asia", "lat": 1.3, "lon": 103.8,
                        "service": "im.test", "ttl_ms": 60000})
    assert answer.status == 201, answer.body

    def shown(*args):
        done = run_tool("perictl", "weight", "n-1", "0", "--dry-run", *args,
                        env=env)
        return done.returncode == 0 and done.stdout

    def all_moves():
        told = shown("-o", "json")
        nodes = {n["id"]: n for n in json.loads(told)["nodes"]} if told else {}
        return len(nodes) == 2 and nodes
    nodes = until(all_moves, 20, "both nodes in the preview")
    assert (nodes["n-1"]["after"], nodes["n-2"]["after"]) == (0, 1)
    region = run_tool("perictl", "weight", "asia", "0", "--dry-run", "-o",
                      "json", env=env)
    assert region.returncode == 0, region.stderr
    after = {n["id"]: n["after"] for n in json.loads(region.stdout)["nodes"]}
    assert (after["n-1"], after["n-2"]) == (1, 0)
    held = run_tool("perictl", "weight", "n-1", "0", "--reason", "test",
                    env=env)
    assert held.returncode == 0, held.stderr

    def comes_back():
        done = run_tool("perictl", "release", "n-1", "--dry-run", "-o", "json",
                        env=env)
        told = json.loads(done.stdout) if done.returncode == 0 else {}
        back = {n["id"]: n for n in told.get("nodes", [])}
        return "n-1" in back and back
    back = until(comes_back, 10, "a release moves clients to the node")
    assert (back["n-1"]["before"], back["n-2"]["before"]) == (0, 1)
    assert back["n-1"]["after"] == pytest.approx(nodes["n-1"]["before"])
    run_tool("perictl", "release", "n-1", "--reason", "test", env=env)
    until(all_moves, 20, "it is as before")
    share = nodes["n-1"]["before"] * 100
    assert shown().startswith(f"{share:.1f} % of all first choices would "
                              "move (by room, since nobody asks now)\n")
    assert re.search(r"^n-2 .* 100\.00 ", shown(), re.M)

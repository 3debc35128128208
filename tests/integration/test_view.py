"""What the dashboard follows: /v1/state once, then /v1/events."""
import http.client
import json
import queue
import signal
import socket
import threading

import pytest

from harness import PATIENCE, http_call, until

NODE = {"service": "im.test", "region": "eu", "lat": 50.1, "lon": 8.7,
        "addrs": ["127.0.0.9"], "ports": {"tcp": 3101}, "weight": 100,
        "capacity": 1000, "boot_epoch": 1, "zone": "a", "version": "7"}


class Stream:
    """Server-sent events of one connection, as (id, event, data)."""

    def __init__(self, port, path="/v1/events", headers=None):
        self.events = queue.Queue()
        self.comments = 0
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.connection.request("GET", path, headers=headers or {})
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        kind = self.response.getheader("content-type")
        assert kind == "text/event-stream"
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        fields = {}
        try:
            for line in self.response:
                line = line.decode().rstrip("\n")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                else:
                    if "data" in fields:
                        self.events.put((fields["id"], fields["event"],
                                         json.loads(fields["data"])))
                    fields = {}
        except (OSError, ValueError, http.client.HTTPException,
                AttributeError):
            pass  # closed

    def next(self, kind, good=lambda data: True, seconds=10):
        """The next event of `kind` that is good; others are dropped."""
        while True:
            number, event, data = self.events.get(timeout=seconds * PATIENCE)
            if event == kind and good(data):
                return number, data

    def close(self):
        self.connection.sock.shutdown(2)
        self.connection.close()
        self._thread.join(5)


@pytest.fixture
def registry(fleet, tmp_path):
    return fleet.start(
        "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
        "127.0.0.1:0", "--state-dir", tmp_path / "state", "--ttl", "2s",
        "--allow-private-addresses", "yes", wait_for=["nodes", "admin"]).ports


def register(registry, name, **more):
    answer = http_call(registry["nodes"], "PUT", f"/v1/nodes/{name}",
                       {**NODE, **more})
    assert answer.status in (200, 201), answer.body


def renew(registry, name, seq, conns):
    assert http_call(registry["nodes"], "POST", f"/v1/nodes/{name}/renew", {
        "boot_epoch": 1, "seq": seq, "conns": conns, "accepts_total": conns,
        "cpu_pct": 12.5, "refused_total": 0}).status == 200


def state_of(registry):
    answer = http_call(registry["admin"], "GET", "/v1/state")
    assert answer.status == 200
    return answer.json()


def ids(data):
    return [node["id"] for node in data["nodes"]]


def test_an_empty_registry_says_where_to_register(registry):
    state = state_of(registry)
    assert state["nodes"] == state["regions"] == state["balancers"] == []
    assert state["registry"]["address"] == \
        f"http://127.0.0.1:{registry['nodes']}"
    assert state["status"]["nodes"] == 0
    assert state["status"]["resolves_per_s"] is None


def test_the_state_has_nodes_and_regions(registry):
    register(registry, "n-1", ttl_ms=60000)
    register(registry, "n-2", ttl_ms=60000, capacity=10)
    register(registry, "n-3", ttl_ms=60000, weight=0)
    renew(registry, "n-1", 1, 25)
    renew(registry, "n-2", 1, 10)
    state = state_of(registry)
    assert ids(state) == ["n-1", "n-2", "n-3"]
    one, two, three = state["nodes"]
    assert one["state"] == "up" and one["why"] == "" and one["conns"] == 25
    assert one["effective_weight"] == one["weight"] == 100
    assert one["cpu_pct"] == 12.5 and 0 < one["lease_left_ms"] <= 60000
    assert one["addrs"] == ["127.0.0.9"] and one["version"] == "7"
    assert two["why"] == "full" and three["why"] == "weight 0"
    assert three["load_age_ms"] is None and three["cpu_pct"] is None
    region, = state["regions"]
    assert (region["id"], region["nodes"], region["ready"],
            region["conns"], region["capacity"], region["weight"]) == (
                "eu", 3, 1, 35, 2010, 100)
    assert region["state"] == "ok" and region["lat"] == 50.1
    status = state["status"]
    assert (status["nodes"], status["ready"], status["down"]) == (3, 1, 0)


def test_changes_follow_the_state(registry):
    register(registry, "n-1", ttl_ms=60000)
    state = state_of(registry)
    register(registry, "n-2", ttl_ms=60000)
    stream = Stream(registry["admin"], f"/v1/events?from={state['id']}")
    _, data = stream.next("state", lambda data: data["nodes"])
    assert "n-2" in ids(data) and "n-1" not in ids(data)
    assert data["status"]["nodes"] == 2
    renew(registry, "n-1", 1, 77)
    number, data = stream.next("state", lambda data: "n-1" in ids(data))
    assert data["nodes"][0]["conns"] == 77 and data["id"] == number
    assert data["regions"][0]["conns"] == 77
    assert http_call(registry["nodes"], "DELETE",
                     "/v1/nodes/n-2?boot_epoch=1").status in (200, 204)
    _, data = stream.next("state", lambda data: data["gone"])
    assert data["gone"] == ["n-2"] and data["status"]["nodes"] == 1
    stream.close()


@pytest.fixture
def own(tmp_path):
    """The token that the registry made for itself, as headers."""
    token = tmp_path / "state" / "admin.token"
    return lambda: {"Authorization": f"Bearer {token.read_text().strip()}"}


def put_intent(registry, own, target, reason):
    assert http_call(registry["admin"], "PUT", f"/v1/intent/{target}",
                     {"state": "drain", "reason": reason},
                     own()).status in (200, 201)


def test_intents_are_told_when_one_changed(registry, own):
    register(registry, "n-1", ttl_ms=60000)
    put_intent(registry, own, "node/n-1", "first")
    stream = Stream(registry["admin"],
                    f"/v1/events?from={state_of(registry)['id']}")
    stream.next("state", lambda data: "intents" not in data)
    put_intent(registry, own, "region/eu", "second")
    _, data = stream.next("state", lambda data: "intents" in data)
    assert [(x["id"], x["reason"]) for x in data["intents"]] == [
        ("n-1", "first"), ("eu", "second")]
    stream.next("state", lambda data: "intents" not in data)
    assert http_call(registry["admin"], "DELETE",
                     "/v1/intent/node/n-1?reason=x",
                     headers=own()).status == 200
    _, data = stream.next("state", lambda data: "intents" in data)
    assert [x["id"] for x in data["intents"]] == ["eu"]
    stream.close()


def test_the_state_has_all_intents_in_pieces(registry, own):
    wanted = [f"node/n-{i:03}" for i in range(300)] + ["region/eu"]
    for target in wanted:
        put_intent(registry, own, target, "x" * 256)
    assert [f"{x['scope']}/{x['id']}"
            for x in state_of(registry)["intents"]] == wanted


def test_a_node_that_falls_silent_is_told(registry):
    register(registry, "n-1")
    stream = Stream(registry["admin"])
    _, data = stream.next("state", lambda data: any(
        node["state"] == "down" for node in data["nodes"]))
    assert data["nodes"][0]["why"] == "down"
    assert data["nodes"][0]["lease_left_ms"] is None
    assert data["regions"][0]["state"] == "down"
    stream.close()


def test_who_comes_back_hears_what_was_missed(registry):
    register(registry, "n-1", ttl_ms=60000)
    stream = Stream(registry["admin"])
    seen, _ = stream.next("state")
    stream.close()
    register(registry, "n-2", ttl_ms=60000)
    other = Stream(registry["admin"])  # time goes on for others
    other.next("state")
    other.next("state")
    again = Stream(registry["admin"], headers={"Last-Event-ID": seen})
    number, data = again.next("state")
    assert number != seen
    while "n-2" not in ids(data):
        number, data = again.next("state")
    again.close()
    other.close()


@pytest.mark.parametrize("number", ["0123456789abcdef:5", "{epoch}:999999"])
def test_who_comes_from_elsewhere_starts_anew(registry, number):
    epoch = state_of(registry)["id"].split(":")[0]
    stream = Stream(registry["admin"],
                    "/v1/events?from=" + number.format(epoch=epoch))
    _, data = stream.next("reset")
    assert data["why"]
    stream.next("state")
    stream.close()


def test_events_of_the_log(registry):
    stream = Stream(registry["admin"], "/v1/events?only=log")
    register(registry, "n-1", ttl_ms=60000)
    _, data = stream.next("log", lambda data: data["kind"] == "node.join")
    assert data["target"] == "node/n-1" and data["id"] > 0
    stream.close()


def test_bad_questions(registry):
    for query in ("from=x", "from=a:b", "only=all", "what=1"):
        answer = http_call(registry["admin"], "GET", f"/v1/events?{query}")
        assert answer.status == 400, query
        assert answer.json()["type"] == "urn:perihelion:bad-parameter"
    assert http_call(registry["admin"], "GET", "/v1/state?x=1").status == 400


def test_the_roles_read(fleet, tmp_path):
    port = fleet.start(
        "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
        "127.0.0.1:0", "--state-dir", tmp_path, "--anonymous-role", "none",
        wait_for=["nodes", "admin"]).ports["admin"]
    assert http_call(port, "GET", "/v1/state").status == 401
    assert http_call(port, "GET", "/v1/events").status == 401
    token = (tmp_path / "admin.token").read_text().strip()
    assert http_call(port, "GET", "/v1/state", headers={
        "Authorization": f"Bearer {token}"}).status == 200


def test_who_may_no_longer_look_hears_no_more(fleet, tmp_path):
    (tmp_path / "tokens").write_text("vera viewer vera-0123456789abcdef\n")
    (tmp_path / "tokens").chmod(0o600)
    registry = fleet.start(
        "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
        "127.0.0.1:0", "--state-dir", tmp_path / "s", "--anonymous-role",
        "none", "--tokens-file", tmp_path / "tokens",
        wait_for=["nodes", "admin"])
    headers = {"Authorization": "Bearer vera-0123456789abcdef"}
    stream = Stream(registry.ports["admin"], headers=headers)
    stream.next("state")
    (tmp_path / "tokens").write_text("")
    registry.signal(signal.SIGHUP)
    stream._thread.join(10 * PATIENCE)
    assert not stream._thread.is_alive()
    assert http_call(registry.ports["admin"], "GET", "/v1/events",
                     headers=headers).status == 401


def test_many_viewers_hear_the_same(registry):
    streams = [Stream(registry["admin"], "/v1/events?only=state")
               for _ in range(20)]
    register(registry, "n-1", ttl_ms=60000)
    heard = [stream.next("state", lambda data: "n-1" in ids(data))
             for stream in streams]
    assert len({number for number, _ in heard}) == 1
    assert all(data == heard[0][1] for _, data in heard)
    for stream in streams:
        stream.close()
    until(lambda: http_call(registry["admin"], "GET",
                            "/healthz").status == 200)


# ---- what a balancer is asked ----

@pytest.fixture
def pair(fleet, tmp_path):
    """A registry that may ask the balancer which watches it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        admin = probe.getsockname()[1]
    registry = fleet.start(
        "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
        "127.0.0.1:0", "--state-dir", tmp_path / "state", "--balancer-admin",
        f"http://127.0.0.1:{admin}", "--allow-private-addresses", "yes",
        wait_for=["nodes", "admin"]).ports
    register(registry, "n-1", ttl_ms=60000)
    balancer = fleet.start(
        "peri-balancer", "--listen-public", "127.0.0.1:0", "--listen-admin",
        f"127.0.0.1:{admin}", "--state-dir", tmp_path / "b", "--workers", "1",
        "--registry", f"http://127.0.0.1:{registry['nodes']}",
        wait_for=["public", "admin"])
    return registry, balancer


def test_a_balancer_explains(pair, own):
    registry, balancer = pair
    query = "/v1/explain?ip=192.0.2.1&device=a%26b"
    asked = until(lambda: http_call(registry["admin"], "GET", query).status
                  == 200 and http_call(registry["admin"], "GET", query),
                  what="an explanation")
    direct = http_call(balancer.ports["admin"], "GET", query)
    assert asked.json().keys() == direct.json().keys()
    preview = http_call(registry["admin"], "GET",
                        "/v1/preview?weight=n-1:50")
    assert preview.status == 200, preview.body
    assert 0 <= preview.json()["moved_share"] <= 1
    for what_if in ("/v1/preview?weight=n-1:50", query + "&drained=n-1"):
        soon = until(lambda: (x := http_call(
            registry["admin"], "GET", what_if)).status == 503 and x)
        assert soon.headers["retry-after"]
        assert http_call(registry["admin"], "GET", what_if,
                         headers=own()).status == 200
    assert http_call(registry["admin"], "GET", query).status == 200
    bad = http_call(registry["admin"], "GET", "/v1/explain?ip=x")
    assert bad.status == 400
    assert bad.headers["content-type"] == "application/problem+json"
    assert http_call(registry["admin"], "GET", "/v1/explain?device="
                     + "x" * 2050).status == 400
    balancer.stop()
    away = http_call(registry["admin"], "GET", query)
    assert away.status == 502
    assert away.json()["type"] == "urn:perihelion:balancer-away"


def test_a_balancer_that_does_not_answer(fleet, tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = fleet.start(
            "peri-registry", "--listen-nodes", "127.0.0.1:0",
            "--listen-admin", "127.0.0.1:0", "--state-dir", tmp_path,
            "--balancer-admin",
            f"http://127.0.0.1:{silent.getsockname()[1]}",
            wait_for=["nodes", "admin"]).ports["admin"]
        answer = http_call(port, "GET", "/v1/explain?ip=192.0.2.1")
        assert answer.status == 504
        assert answer.json()["type"] == "urn:perihelion:balancer-silent"


def test_without_a_balancer_to_ask(registry):
    answer = http_call(registry["admin"], "GET", "/v1/explain?ip=192.0.2.1")
    assert answer.status == 503
    assert "balancer_admin" in answer.json()["detail"]


def test_balancers_are_in_the_picture(pair):
    registry, balancer = pair
    for _ in range(20):
        http_call(balancer.ports["public"], "GET", "/resolve")
    state = until(lambda: (found := state_of(registry))["balancers"] and
                  found["balancers"][0]["snapshot_revision"] and found,
                  what="the report")
    told = state["balancers"][0]
    assert told["lag_revisions"] == 0 and told["geo"] is None
    assert state["status"]["balancers"] == 1


def test_a_large_fleet_comes_whole(registry):
    """In pieces of 128 nodes, each node once, in the order of ids."""
    names = [f"n-{number:04}" for number in range(300)]
    connection = http.client.HTTPConnection("127.0.0.1", registry["nodes"])
    for name in names:
        connection.request("PUT", f"/v1/nodes/{name}",
                           json.dumps({**NODE, "ttl_ms": 3600000}),
                           {"Content-Type": "application/json"})
        assert connection.getresponse().read()
    connection.close()
    state = state_of(registry)
    assert ids(state) == names
    assert state["status"]["nodes"] == 300

"""peri-registry, the real daemon: registrations, leases, the watch stream, bad
input, and what survives kill -9."""
import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import threading
import time

import pytest

from harness import PATIENCE, ROOT, http_call, metrics, until

TTL_MS = 2000
EU = {"id": "eu", "title": "Europe", "lat": 50.1, "lon": 8.7}
NODE = {"service": "im", "region": "eu", "addrs": ["127.0.0.9"],
        "ports": {"tcp": 3101}, "capacity": 1000, "boot_epoch": 5}
JSON = {"Content-Type": "application/json"}


class Registry:
    """One registry with its state folder; may be stopped and started again."""

    def __init__(self, fleet, folder, *args, regions=(EU,)):
        self.folder = folder / "state"
        self.regions = folder / "regions.jsonc"
        self.write_regions(regions)
        self.daemon = fleet.start(
            "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
            "127.0.0.1:0", "--state-dir", self.folder, "--regions-file",
            self.regions, "--allow-private-addresses", "yes", *args,
            wait_for=["nodes", "admin"])

    def write_regions(self, regions):
        self.regions.write_text("// regions\n" + json.dumps(list(regions)))

    @property
    def port(self):
        return self.daemon.ports["nodes"]

    def restart(self):
        self.daemon.start(wait_for=["nodes", "admin"])

    def call(self, method, path, body=None, headers=None):
        return http_call(self.port, method, path, body, headers)

    def put(self, name, **members):
        return self.call("PUT", f"/v1/nodes/{name}", {**NODE, **members})

    def renew(self, name, seq, **members):
        return self.call("POST", f"/v1/nodes/{name}/renew",
                         {"boot_epoch": 5, "seq": seq, "conns": 0, **members})

    def node(self, name):
        answer = self.call("GET", f"/v1/nodes/{name}")
        return answer.json() if answer.status == 200 else None

    def state(self, name):
        node = self.node(name)
        return node["state"] if node else None

    def metrics(self):
        return metrics(self.daemon.ports["admin"])

    def refused(self, reason):
        return self.metrics()[f'peri_registry_refused_total{{reason="{reason}"}}']


class Watch:
    """A watch stream, read line by line on a thread of its own."""

    def __init__(self, port, start=""):
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=30 * PATIENCE)
        self.connection.request("GET", "/v1/watch" + start)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.lines = []
        self.ended = False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for line in self.response:
                self.lines.append(json.loads(line))
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self.ended = True

    def wait(self, condition, seconds=10):
        """The first line for which `condition` holds."""
        return until(lambda: next((x for x in self.lines if condition(x)),
                                  None), seconds, f"a line in {self.lines}")

    def wait_type(self, kind):
        return self.wait(lambda x: x["type"] == kind)

    def types(self):
        return [x["type"] for x in self.lines]

    def close(self):
        # Closing alone does not wake the reader.
        try:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            pass
        self.thread.join(5)


@pytest.fixture
def registry(fleet, tmp_path):
    return Registry(fleet, tmp_path)


@pytest.fixture
def watch(registry):
    watches = []

    def open_watch(start=""):
        watches.append(Watch(registry.port, start))
        return watches[-1]

    yield open_watch
    for one in watches:
        one.close()


# ---- registration and leases ----

def test_register_renew_leave(registry):
    answer = registry.put("n-1")
    assert answer.status == 201
    body = answer.json()
    assert body["lease"] == {"ttl_ms": 15000, "renew_ms": 5000}
    revision = body["revision"]
    again = registry.put("n-1")
    assert (again.status, again.json()["revision"]) == (200, revision)
    changed = registry.put("n-1", weight=50)
    assert changed.status == 200 and changed.json()["revision"] > revision
    renewed = registry.renew("n-1", 1, conns=7, accepts_total=9, cpu_pct=1.5)
    assert renewed.status == 200
    assert renewed.json() == {
        "ttl_ms": 15000, "renew_ms": 5000,
        "intent": {"state": "up", "weight": 100, "shed_per_min": 0,
                   "deadline_ms": 0}}
    node = registry.node("n-1")
    assert (node["state"], node["conns"], node["weight"]) == ("up", 7, 50)
    assert registry.call(
        "DELETE", "/v1/nodes/n-1?boot_epoch=5").status == 200
    assert registry.node("n-1") is None
    assert registry.renew("n-1", 2).status == 404


def test_an_identical_registration_is_not_stored_again(registry, watch):
    registry.put("n-1")
    stream = watch()
    stream.wait_type("synced")
    before = registry.metrics()
    for _ in range(5):
        assert registry.put("n-1").status == 200
    after = registry.metrics()
    for name in ("peri_registry_store_transactions_total",
                 "peri_registry_feed_revision"):
        assert after[name] == before[name]
    assert after['peri_registry_registrations_total{kind="same"}'] == 5
    registry.put("n-2")
    stream.wait(lambda x: x["type"] == "node" and x["node"]["id"] == "n-2")
    assert not [x for x in stream.lines
                if x["type"] == "node" and x["node"]["id"] == "n-1"]


def test_a_silent_node_is_suspect_then_down_and_comes_back(registry):
    assert registry.put("n-1", ttl_ms=TTL_MS).json()["lease"] == {
        "ttl_ms": TTL_MS, "renew_ms": TTL_MS // 3}
    heard = time.monotonic()
    until(lambda: registry.state("n-1") == "suspect", 5, "suspect")
    assert time.monotonic() - heard >= TTL_MS / 2000 - 0.01
    until(lambda: registry.state("n-1") == "down", 5, "down")
    assert time.monotonic() - heard >= TTL_MS / 1000 - 0.01
    assert registry.renew("n-1", 1).status == 200
    assert registry.state("n-1") == "up"
    counted = registry.metrics()
    for to in ("suspect", "down", "up"):
        assert counted[f'peri_registry_transitions_total{{to="{to}"}}'] == 1


def test_renewals_keep_a_lease(registry):
    registry.put("n-1", ttl_ms=TTL_MS)
    end = time.monotonic() + 2 * TTL_MS / 1000
    seq = 0
    while time.monotonic() < end:
        seq += 1
        assert registry.renew("n-1", seq).status == 200
        time.sleep(0.2)  # the node's own rhythm
    assert registry.state("n-1") == "up"
    assert registry.metrics()[
        'peri_registry_transitions_total{to="down"}'] == 0


def test_the_newer_of_two_processes_wins(registry):
    assert registry.put("n-1", boot_epoch=5).status == 201
    assert registry.put("n-1", boot_epoch=6).status == 200
    late = registry.renew("n-1", 1)
    assert late.status == 409
    assert late.json()["type"] == "urn:perihelion:newer-boot-epoch"
    assert registry.put("n-1", boot_epoch=5).status == 409
    assert registry.call("DELETE",
                         "/v1/nodes/n-1?boot_epoch=5").status == 409
    assert registry.refused("newer-boot-epoch") == 3
    assert registry.renew("n-1", 1, boot_epoch=6).status == 200


def test_an_older_process_gets_the_id_once_the_newer_is_down(registry):
    assert registry.put("n-1", boot_epoch=6, ttl_ms=TTL_MS).status == 201
    # Refused as long as the newer one is up or suspect.
    for state in ("up", "suspect"):
        until(lambda: registry.state("n-1") == state, 5, state)
        refused = registry.put("n-1", boot_epoch=5, ttl_ms=TTL_MS)
        assert refused.status == 409
        assert refused.json()["type"] == "urn:perihelion:newer-boot-epoch"
    until(lambda: registry.state("n-1") == "down", 5, "down")
    assert registry.put("n-1", boot_epoch=5, weight=7).status == 200
    assert registry.renew("n-1", 1).status == 200
    # It is on disk, as up; the newer one has to register when it is back.
    registry.daemon.stop()
    registry.restart()
    node = registry.node("n-1")
    assert (node["state"], node["weight"]) == ("up", 7)
    assert registry.renew("n-1", 2).status == 200
    assert registry.renew("n-1", 1, boot_epoch=6).status == 404
    assert registry.put("n-1", boot_epoch=6).status == 200
    assert registry.renew("n-1", 3).status == 409


def test_a_stale_renewal_is_refused(registry):
    registry.put("n-1")
    assert registry.renew("n-1", 5, conns=5).status == 200
    for seq in (5, 4):
        answer = registry.renew("n-1", seq, conns=99)
        assert answer.status == 409
        assert answer.json()["type"] == "urn:perihelion:stale-seq"
    assert registry.refused("stale-seq") == 2
    assert registry.node("n-1")["conns"] == 5


def test_fifty_register_at_once(registry):
    answers = {}

    def register(number):
        answers[number] = registry.put(f"n-{number:02}").status

    threads = [threading.Thread(target=register, args=(i,)) for i in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers.values()) == {201}
    listed = registry.call("GET", "/v1/nodes?limit=500").json()["nodes"]
    assert [n["id"] for n in listed] == [f"n-{i:02}" for i in range(50)]
    counted = registry.metrics()
    assert counted['peri_registry_nodes{state="up"}'] == 50
    # They were waiting together, so they were synced together.
    assert counted["peri_registry_store_transactions_total"] < 50


# ---- reading ----

def test_lists_are_filtered_and_paged(registry):
    for number in range(7):
        registry.put(f"n-{number}", service="im" if number % 2 else "push")
    seen, cursor = [], ""
    while True:
        page = registry.call(
            "GET", f"/v1/nodes?service=push&limit=2{cursor}").json()
        assert len(page["nodes"]) <= 2
        seen += [n["id"] for n in page["nodes"]]
        if "next" not in page:
            break
        cursor = "&cursor=" + page["next"]
    assert seen == ["n-0", "n-2", "n-4", "n-6"]
    assert registry.call("GET", "/v1/nodes?state=down").json()["nodes"] == []
    assert len(registry.call("GET",
                             "/v1/nodes?region=eu&state=up").json()
               ["nodes"]) == 7
    services = registry.call("GET", "/v1/services").json()["services"]
    assert {s["service"]: s["nodes"]["up"] for s in services} == {
        "push": 4, "im": 3}


def test_regions_have_live_sums(registry):
    registry.put("n-1", capacity=100)
    registry.put("n-2", capacity=300)
    registry.renew("n-1", 1, conns=40)
    region, = registry.call("GET", "/v1/regions").json()["regions"]
    assert region == {
        "id": "eu", "title": "Europe", "lat": 50.1, "lon": 8.7, "bias_km": 0,
        "nodes": {"up": 2, "suspect": 0, "down": 0}, "conns": 40,
        "capacity": 400, "utilisation": 0.1}
    counted = registry.metrics()
    assert counted['peri_region_connections{region="eu"}'] == 40
    assert counted['peri_region_capacity{region="eu"}'] == 400
    assert counted['peri_region_nodes{region="eu",state="up"}'] == 2


def test_a_node_with_a_position_makes_its_region(registry, watch):
    stream = watch()
    stream.wait_type("synced")
    registry.put("n-1", region="us", lat=1.5, lon=2.5)
    stream.wait(lambda x: x["type"] == "node" and x["node"]["id"] == "n-1")
    region = stream.wait_type("region")["region"]
    assert (region["id"], region["lat"], region["lon"]) == ("us", 1.5, 2.5)
    assert stream.types().index("region") < stream.types().index("node")
    # Now others may rely on it, until the last one has left.
    assert registry.put("n-2", region="us").status == 201
    for name in ("n-1", "n-2"):
        registry.call("DELETE", f"/v1/nodes/{name}?boot_epoch=5")
    gone = stream.wait(lambda x: x["type"] == "region"
                       and x["region"].get("gone"))
    assert gone["region"] == {"id": "us", "gone": True}
    assert registry.put("n-2", region="us").status == 400


def test_regions_are_read_again_on_sighup(registry, watch):
    registry.put("n-1")
    stream = watch()
    stream.wait_type("synced")
    registry.write_regions([{**EU, "title": "Old world"},
                            {"id": "us", "lat": 1, "lon": 2}])
    registry.daemon.signal(signal.SIGHUP)
    stream.wait(lambda x: x["type"] == "region" and x["region"]["id"] == "us")
    stream.wait(lambda x: x["type"] == "region"
                and x["region"].get("title") == "Old world")
    registry.regions.write_text('[{"id":"eu","lat":91,"lon":0}]')
    registry.daemon.signal(signal.SIGHUP)
    registry.daemon.logged("/0/lat")
    assert len(registry.call("GET", "/v1/regions").json()["regions"]) == 2
    registry.write_regions([])
    registry.daemon.signal(signal.SIGHUP)
    stream.wait(lambda x: x["type"] == "region" and x["region"].get("gone"))
    # "eu" has a node and stays.
    left = registry.call("GET", "/v1/regions").json()["regions"]
    assert [r["id"] for r in left] == ["eu"]


# ---- the watch stream ----

def test_a_watch_begins_with_everything(registry, watch):
    for number in range(40):
        registry.put(f"n-{number:02}")
    registry.renew("n-00", 1, conns=3)
    stream = watch()
    synced = stream.wait_type("synced")
    kinds = stream.types()
    assert kinds[:kinds.index("synced") + 1] == (
        ["nodes"] * 3 + ["regions", "intents", "synced"])
    nodes = [n for x in stream.lines if x["type"] == "nodes"
             for n in x["nodes"]]
    assert [n["id"] for n in nodes] == [f"n-{i:02}" for i in range(40)]
    assert nodes[0]["conns"] == 3 and nodes[0]["age_ms"] >= 0
    assert nodes[1]["age_ms"] == -1
    assert synced["rev"] == registry.call("GET",
                                          "/v1/nodes").json()["revision"]


def test_a_watch_tells_each_change_once_in_order(registry, watch):
    streams = [watch(), watch()]
    for stream in streams:
        stream.wait_type("synced")
    registry.put("n-1")
    registry.put("n-1", weight=1)
    registry.renew("n-1", 1, conns=4, accepts_total=6, refused_total=1)
    for stream in streams:
        load = stream.wait_type("load")["loads"]
        assert [x[:4] for x in load] == [["n-1", 4, 6, 1]] and load[0][4] >= 0
    registry.call("DELETE", "/v1/nodes/n-1?boot_epoch=5")
    for stream in streams:
        gone = stream.wait_type("gone")
        assert (gone["id"], gone["why"]) == ("n-1", "left")
        changes = [x for x in stream.lines if x["type"] in ("node", "gone")]
        assert [x["node"]["weight"] for x in changes[:-1]] == [100, 1]
        revisions = [x["rev"] for x in changes]
        assert revisions == list(range(revisions[0], revisions[0] + 3))
    # Nothing more is said about a node that does not renew.
    assert streams[0].types().count("load") == 1


def test_a_watch_pings(registry, watch):
    stream = watch()
    assert stream.wait_type("ping")["rev"] == stream.wait_type("synced")["rev"]


def test_a_watch_resumes_where_it_was(registry, watch):
    stream = watch()
    synced = stream.wait_type("synced")
    stream.close()
    registry.put("n-1")
    registry.put("n-1", weight=7)
    registry.put("n-2")
    registry.call("DELETE", "/v1/nodes/n-2?boot_epoch=5")
    again = watch(f"?from={synced['epoch']}:{synced['rev']}")
    done = again.wait_type("synced")
    # Each thing once, as it is now.
    lines = again.lines[:again.types().index("synced")]
    assert [x["type"] for x in lines] == ["node", "gone"]
    assert lines[0]["node"]["weight"] == 7
    assert lines[1]["id"] == "n-2"
    assert done["rev"] == synced["rev"] + 4
    registry.put("n-3")
    again.wait(lambda x: x["type"] == "node" and x["node"]["id"] == "n-3")
    counted = registry.metrics()
    assert counted['peri_registry_watches_total{start="resumed"}'] == 1
    assert counted['peri_registry_watches_total{start="full"}'] == 1


@pytest.mark.parametrize("start, why", [
    ("{epoch}:999999", "from the future"),
    ("deadbeef:1", "another epoch"),
    ("{epoch}:0", "too old"),
])
def test_a_watch_from_nowhere_is_reset(registry, watch, start, why):
    registry.put("n-1")
    epoch = registry.call("GET", "/v1/nodes").json()["epoch"]
    stream = watch("?from=" + start.format(epoch=epoch))
    stream.wait_type("synced")
    assert stream.lines[0] == {"type": "reset", "why": why}
    assert stream.types()[1:5] == ["nodes", "regions", "intents", "synced"]
    assert registry.metrics()[
        'peri_registry_watches_total{start="reset"}'] == 1


def test_a_new_life_has_a_new_epoch(registry, watch):
    stream = watch()
    old = stream.wait_type("synced")
    registry.daemon.kill()
    until(lambda: stream.ended, what="the end of the stream")
    registry.restart()
    again = watch(f"?from={old['epoch']}:{old['rev']}")
    assert again.wait_type("synced")["epoch"] != old["epoch"]
    assert again.lines[0]["type"] == "reset"


def test_too_many_watchers_are_refused(fleet, tmp_path):
    registry = Registry(fleet, tmp_path, "--max-watchers", "1")
    stream = Watch(registry.port)
    stream.wait_type("synced")
    answer = registry.call("GET", "/v1/watch")
    assert answer.status == 503 and answer.headers["retry-after"]
    assert registry.refused("too-many-watchers") == 1
    stream.close()
    until(lambda: registry.metrics()["peri_registry_watchers"] == 0)
    again = Watch(registry.port)
    again.wait_type("synced")
    again.close()


# ---- bad input ----

def record(**members):
    """NODE with other members; None takes one out."""
    changed = {**NODE, **members}
    return {k: v for k, v in changed.items() if v is not None}


LOAD = {"boot_epoch": 5, "seq": 1, "conns": 1}
PUT, RENEW = "PUT /v1/nodes/n-1", "POST /v1/nodes/n-1/renew"
BAD_INPUT = [
    # what, request, body, status, type, path
    ("half a JSON", PUT, '{"service":', 400, "malformed-json", ""),
    ("no JSON", PUT, "hello", 400, "malformed-json", ""),
    ("NaN", PUT, '{"lat":NaN}', 400, "malformed-json", ""),
    ("infinity", PUT, '{"lat":1e999}', 400, "malformed-json", ""),
    ("a field twice", PUT, '{"weight":1,"weight":2}', 400, "malformed-json",
     ""),
    ("a list", PUT, [], 400, "wrong-type", ""),
    ("an unknown field", PUT, record(colour=1), 400, "unknown-field",
     "/colour"),
    ("an unknown port", PUT, record(ports={"quic": 1}), 400, "unknown-field",
     "/ports/quic"),
    ("no service", PUT, record(service=None), 400, "missing-field",
     "/service"),
    ("no port", PUT, record(ports={}), 400, "missing-field", "/ports"),
    ("capacity 0", PUT, record(capacity=0), 400, "out-of-range", "/capacity"),
    ("port 0", PUT, record(ports={"tcp": 0}), 400, "out-of-range",
     "/ports/tcp"),
    ("port 65536", PUT, record(ports={"ws": 65536}), 400, "out-of-range",
     "/ports/ws"),
    ("latitude 91", PUT, record(lat=91, lon=0), 400, "out-of-range", "/lat"),
    ("another id", PUT, record(id="n-2"), 400, "out-of-range", "/id"),
    ("a text for a number", PUT, record(capacity="9"), 400, "wrong-type",
     "/capacity"),
    ("multicast", PUT, record(addrs=["224.0.0.1"]), 400,
     "address-not-allowed", "/addrs/0"),
    ("unspecified", PUT, record(addrs=["127.0.0.1", "::"]), 400,
     "address-not-allowed", "/addrs/1"),
    ("a name for an address", PUT, record(addrs=["localhost"]), 400,
     "out-of-range", "/addrs/0"),
    ("a long zone", PUT, record(zone="z" * 65), 400, "too-long", "/zone"),
    ("an unknown region", PUT, record(region="mars"), 400, "unknown-region",
     "/region"),
    ("a short TTL", PUT, record(ttl_ms=1999), 400, "out-of-range", "/ttl_ms"),
    ("capitals in an id", "PUT /v1/nodes/N-1", record(), 400, "bad-node-id",
     None),
    ("an escaped id", "PUT /v1/nodes/n%2d1", record(), 400, "bad-node-id",
     None),
    ("a long id", "PUT /v1/nodes/" + "n" * 65, record(), 400, "bad-node-id",
     None),
    ("a renewal without seq", RENEW, {"boot_epoch": 5, "conns": 1}, 400,
     "missing-field", "/seq"),
    ("negative connections", RENEW, {**LOAD, "conns": -1}, 400,
     "out-of-range", "/conns"),
    ("a renewal of nobody", RENEW, LOAD, 404, "unknown-node", None),
    ("an unknown node", "GET /v1/nodes/n-1", None, 404, "unknown-node", None),
    ("leaving without an epoch", "DELETE /v1/nodes/n-1", None, 400,
     "bad-parameter", "boot_epoch"),
    ("leaving of nobody", "DELETE /v1/nodes/n-1?boot_epoch=1", None, 404,
     "unknown-node", None),
    ("an unknown path", "GET /v1/nope", None, 404, "unknown-path", None),
    ("a slash at the end", "GET /v1/nodes/", None, 404, "unknown-path", None),
    ("the wrong method", "POST /v1/nodes/n-1", "{}", 405,
     "method-not-allowed", None),
    ("a watch has no head", "HEAD /v1/watch", None, 405,
     "method-not-allowed", None),
    ("a bad limit", "GET /v1/nodes?limit=501", None, 400, "bad-parameter",
     "limit"),
    ("limit 0", "GET /v1/nodes?limit=0", None, 400, "bad-parameter", "limit"),
    ("a bad state", "GET /v1/nodes?state=dead", None, 400, "bad-parameter",
     "state"),
    ("a bad cursor", "GET /v1/nodes?cursor=A", None, 400, "bad-parameter",
     "cursor"),
    ("an unknown parameter", "GET /v1/nodes?colour=1", None, 400,
     "bad-parameter", None),
    ("a broken escape", "GET /v1/nodes?region=%zz", None, 400,
     "bad-parameter", "region"),
    ("a watch from garbage", "GET /v1/watch?from=x", None, 400,
     "bad-parameter", "from"),
]


def test_bad_input_is_answered_and_counted(registry):
    for what, request, body, status, kind, path in BAD_INPUT:
        before = registry.refused(kind)
        method, target = request.split(" ", 1)
        headers = JSON if isinstance(body, str) else None
        answer = registry.call(method, target, body, headers)
        assert answer.status == status, f"{what}: {answer.body}"
        if method != "HEAD":
            problem = answer.json()
            assert answer.headers["content-type"] == "application/problem+json"
            assert problem["type"] == "urn:perihelion:" + kind, what
            assert problem["status"] == status
            if path is not None:
                assert problem["errors"][0]["path"] == path, what
                assert problem["errors"][0]["rule"], what
        if status == 405:
            assert answer.headers["allow"], what
        assert registry.refused(kind) == before + 1, what
    assert registry.call("GET", "/v1/nodes").json()["nodes"] == []
    # The ones the HTTP server itself refuses.
    big = registry.call("PUT", "/v1/nodes/n-1", b" " * 400000, JSON)
    assert big.status == 413
    plain = registry.call("PUT", "/v1/nodes/n-1", json.dumps(NODE),
                          {"Content-Type": "text/plain"})
    assert plain.status == 415
    assert registry.refused("unsupported-media-type") == 1
    assert registry.put("n-1").status == 201


def test_a_half_sent_request_harms_nobody(registry):
    with socket.create_connection(("127.0.0.1", registry.port)) as half:
        half.sendall(b"PUT /v1/nodes/n-1 HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Type: application/json\r\n"
                     b"Content-Length: 500\r\n\r\n{\"service\":")
        assert registry.put("n-2").status == 201
    assert registry.node("n-1") is None


def test_private_addresses_are_refused_by_default(fleet, tmp_path):
    registry = Registry(fleet, tmp_path, "--allow-private-addresses", "no")
    for address in ("127.0.0.9", "10.0.0.1", "fe80::1", "fc00::1", "::1"):
        answer = registry.put("n-1", addrs=[address])
        assert answer.json()["type"] == "urn:perihelion:address-not-allowed"
    assert registry.put("n-1", addrs=["9.9.9.9", "2620:fe::9"]).status == 201
    assert registry.refused("address-not-allowed") == 5


def test_writes_need_the_token_when_there_is_one(fleet, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("s3cret-token\n")
    secret.chmod(0o600)
    registry = Registry(fleet, tmp_path, "--node-token", f"@{secret}")
    good = {"Authorization": "Bearer s3cret-token", **JSON}
    body = json.dumps(NODE)
    for headers in (JSON, {"Authorization": "Bearer s3cret-toke", **JSON},
                    {"Authorization": "Bearer s3cret-token2", **JSON},
                    {"Authorization": "Basic s3cret-token", **JSON},
                    {"Authorization": "Bearer", **JSON}):
        answer = registry.call("PUT", "/v1/nodes/n-1", body, headers)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert registry.refused("unauthorized") == 5
    assert registry.call("PUT", "/v1/nodes/n-1", body, good).status == 201
    assert registry.call("GET", "/v1/nodes/n-1").status == 200
    assert registry.renew("n-1", 1).status == 401
    assert registry.call("DELETE",
                         "/v1/nodes/n-1?boot_epoch=5").status == 401
    assert b"s3cret" not in registry.daemon.log


def test_limits_of_nodes_and_services(fleet, tmp_path):
    registry = Registry(fleet, tmp_path, "--max-nodes", "2",
                        "--max-services", "1")
    assert registry.put("n-1").status == 201
    other = registry.put("n-2", service="push")
    assert other.status == 503
    assert other.json()["type"] == "urn:perihelion:too-many-services"
    assert registry.put("n-2").status == 201
    third = registry.put("n-3")
    assert third.status == 503 and third.headers["retry-after"]
    assert third.json()["type"] == "urn:perihelion:too-many-nodes"
    assert registry.put("n-2", weight=3).status == 200


# ---- what survives ----

def test_kill_9_loses_no_acknowledged_node(registry):
    acknowledged, stop = set(), threading.Event()

    def register(worker):
        number = 0
        while not stop.is_set():
            name = f"n-{worker}-{number}"
            try:
                if registry.put(name).status == 201:
                    acknowledged.add(name)
            except (OSError, http.client.HTTPException):
                return
            number += 1

    threads = [threading.Thread(target=register, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(acknowledged) > 100, 30, "100 registrations")
    registry.daemon.kill()
    stop.set()
    for thread in threads:
        thread.join()
    registry.restart()
    have, cursor = set(), ""
    while True:
        page = registry.call("GET", f"/v1/nodes?limit=500{cursor}").json()
        have |= {n["id"] for n in page["nodes"]}
        if "next" not in page:
            break
        cursor = "&cursor=" + page["next"]
    assert acknowledged <= have
    assert registry.put(acknowledged.pop()).status == 200


def test_a_restart_expires_nobody_before_a_ttl(registry):
    registry.put("n-1", ttl_ms=TTL_MS)
    registry.put("n-2", ttl_ms=TTL_MS)
    until(lambda: registry.state("n-1") == "down", 5, "down")
    registry.put("n-2", ttl_ms=TTL_MS)
    assert registry.state("n-2") == "up"
    registry.daemon.kill()
    time.sleep(TTL_MS / 1000)  # longer than the lease: nobody is listening
    registry.restart()
    started = time.monotonic()
    # Who was down before is not brought back to life by the restart.
    assert registry.state("n-1") == "down"
    assert registry.state("n-2") == "up"
    until(lambda: registry.state("n-2") == "down", 6, "down")
    assert time.monotonic() - started >= TTL_MS / 1000 - 0.15
    assert registry.renew("n-1", 1).status == 200


def test_who_was_down_is_back_when_that_is_stored(registry):
    """A 200 at once would be lost with the process: the store still has it as
    down."""
    registry.put("n-1", ttl_ms=TTL_MS)
    until(lambda: registry.state("n-1") == "down", 5, "down")
    until(lambda: registry.metrics()["peri_registry_store_queue"] == 0)
    db = sqlite3.connect(registry.folder / "registry.db",
                         isolation_level=None)
    db.execute("BEGIN IMMEDIATE")  # every write fails
    assert registry.put("n-1", ttl_ms=TTL_MS).status == 503
    assert registry.state("n-1") == "down"
    db.execute("ROLLBACK")
    db.close()
    assert registry.put("n-1", ttl_ms=TTL_MS).status == 200
    registry.daemon.kill()
    registry.restart()
    assert registry.state("n-1") == "up"


def test_a_lease_that_runs_out_while_its_node_is_stored(registry):
    """Down, stored behind the record, does not outlive the 200."""
    registry.put("n-1", ttl_ms=TTL_MS)
    # What is left is less than a write waits for the lock.
    time.sleep(TTL_MS * 3 / 4000)
    db = sqlite3.connect(registry.folder / "registry.db",
                         isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    answer = {}
    thread = threading.Thread(target=lambda: answer.update(
        status=registry.put("n-1", ttl_ms=TTL_MS, weight=50).status))
    thread.start()
    until(lambda: registry.state("n-1") == "down", 5, "down")
    db.execute("ROLLBACK")
    db.close()
    thread.join()
    registry.daemon.kill()
    assert answer["status"] == 200
    registry.restart()
    assert registry.state("n-1") == "up"


def test_a_stalled_registry_expires_nobody_before_a_ttl(registry):
    registry.put("n-1", ttl_ms=TTL_MS)
    registry.daemon.signal(signal.SIGSTOP)
    time.sleep(TTL_MS / 1000 + 1)
    registry.daemon.signal(signal.SIGCONT)
    woken = time.monotonic()
    assert registry.state("n-1") in ("up", "suspect")
    until(lambda: registry.state("n-1") == "down", 6, "down")
    assert time.monotonic() - woken >= TTL_MS / 1000 - 0.15
    assert registry.metrics()["peri_registry_pauses_total"] == 1


def test_a_store_that_fails_refuses_and_changes_nothing(registry):
    registry.put("n-1")
    with sqlite3.connect(registry.folder / "registry.db") as db:
        db.execute("CREATE TRIGGER broken BEFORE INSERT ON nodes BEGIN "
                   "SELECT RAISE(ABORT, 'broken on purpose'); END")
    db.close()
    for name in ("n-1", "n-2"):
        answer = registry.put(name, weight=9)
        assert answer.status == 503 and answer.headers["retry-after"]
        assert answer.json()["type"] == "urn:perihelion:store-unavailable"
    assert registry.node("n-1")["weight"] == 100
    assert registry.node("n-2") is None
    assert registry.renew("n-1", 1).status == 200
    counted = registry.metrics()
    assert counted['peri_registry_store_changes_total{result="failed"}'] == 2
    assert registry.refused("store-unavailable") == 2
    registry.daemon.logged('store.write_failed why="broken on purpose"')
    with sqlite3.connect(registry.folder / "registry.db") as db:
        db.execute("DROP TRIGGER broken")
    db.close()
    assert registry.put("n-2").status == 201
    assert registry.call("GET", "/readyz").status == 200


def test_readiness_comes_back_without_a_write(registry):
    changes = 'peri_registry_store_changes_total{result="%s"}'
    until(lambda: registry.metrics()["peri_registry_store_queue"] == 0)
    before = registry.metrics()[changes % "ok"]
    db = sqlite3.connect(registry.folder / "registry.db",
                         isolation_level=None)
    db.execute("BEGIN IMMEDIATE")  # every write fails, probes too
    assert registry.put("n-1").status == 503
    assert registry.call("GET", "/readyz").status == 503
    until(lambda: registry.metrics()["peri_registry_store_probes_total"] >= 2,
          15, "a second probe")
    assert registry.metrics()["peri_registry_store_up"] == 0
    assert registry.call("GET", "/readyz").status == 503
    registry.daemon.logged('store.write_failed why="database is locked"')
    db.execute("ROLLBACK")
    db.close()
    until(lambda: registry.call("GET", "/readyz").status == 200, 15, "ready")
    registry.daemon.logged("store.write_back")
    # One line for all of it: a probe that fails adds none.
    assert registry.daemon.log.count(b"store.write_failed") == 1
    counted = registry.metrics()
    assert counted[changes % "failed"] == 1
    assert counted[changes % "ok"] == before


def test_a_full_store_queue_refuses(fleet, tmp_path):
    registry = Registry(fleet, tmp_path, "--store-queue", "1")
    db = sqlite3.connect(registry.folder / "registry.db",
                         isolation_level=None)
    db.execute("BEGIN IMMEDIATE")  # the store waits for us
    first = {}
    thread = threading.Thread(
        target=lambda: first.update(status=registry.put("n-1").status))
    thread.start()
    until(lambda: registry.metrics()["peri_registry_store_queue"] == 1)
    answer = registry.put("n-2")
    assert answer.status == 503
    assert answer.json()["type"] == "urn:perihelion:store-queue-full"
    db.execute("ROLLBACK")
    db.close()
    thread.join()
    assert first["status"] == 201
    assert registry.put("n-2").status == 201
    assert registry.refused("store-queue-full") == 1


@pytest.mark.parametrize("content, why", [
    (b"this is no database" * 500, "file is not a database"),
    (b"SQLite format 3\0" + b"\x55" * 8000, "registry.db"),
])
def test_a_garbage_database_is_named_at_the_start(fleet, tmp_path, content,
                                                  why):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "registry.db").write_bytes(content)
    with pytest.raises(AssertionError) as error:
        Registry(fleet, tmp_path)
    assert "store.open_failed" in str(error.value)
    assert why in str(error.value)
    assert "ended with 1" in str(error.value)


def test_a_foreign_database_is_left_alone(fleet, tmp_path):
    (tmp_path / "state").mkdir()
    path = tmp_path / "state" / "registry.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs(x)")
    db.close()
    with pytest.raises(AssertionError) as error:
        Registry(fleet, tmp_path)
    assert "a database of another program" in str(error.value)


def test_two_registries_never_share_a_state(fleet, tmp_path):
    Registry(fleet, tmp_path)
    with pytest.raises(AssertionError) as error:
        Registry(fleet, tmp_path)
    assert "another process holds" in str(error.value)


def test_sigterm_ends_streams_and_exits_cleanly(registry, watch):
    registry.put("n-1")
    stream = watch()
    stream.wait_type("synced")
    assert registry.daemon.stop() == 0
    until(lambda: stream.ended, what="the end of the stream")
    registry.restart()
    assert registry.state("n-1") == "up"


def test_health_and_metrics_on_both_listeners(registry):
    for port in registry.daemon.ports.values():
        assert http_call(port, "GET", "/healthz").status == 200
        assert http_call(port, "GET", "/readyz").status == 200
        assert "peri_registry_nodes" in http_call(
            port, "GET", "/metrics").body.decode()


def test_every_refusal_is_documented(registry):
    with open(os.path.join(ROOT, "docs", "PROTOCOL.md"),
              encoding="utf-8") as f:
        text = f.read()
    reasons = [m[1] for m in (re.match(
        r'peri_registry_refused_total\{reason="(.*)"\}', name)
        for name in registry.metrics()) if m]
    assert len(reasons) > 20
    assert [r for r in reasons if f"`{r}`" not in text] == []

"""peri-balancer with the real registry: nearest first, what it refuses, what
it survives. Nodes register by HTTP PUT as agents do."""
import concurrent.futures
import http.client
import json
import os
import re
import shutil
import signal
import socket
import threading
import time

import pytest

from harness import PATIENCE, ROOT, Daemon, http_call, metrics, until

HOST = "im.example.com"
# TEST-NET addresses stand for the clients of three metros.
PLACES = [("198.51.100.0/24", 50.1, 8.7, "DE", "Hesse"),
          ("203.0.113.0/24", 35.7, 139.7, "JP", "Tokyo"),
          ("192.0.2.0/24", 39.0, -77.5, "US", "Virginia"),
          ("2001:db8::/32", 35.7, 139.7, "JP", "Tokyo")]
CLIENTS = {"fra": "198.51.100.7", "tyo": "203.0.113.7", "iad": "192.0.2.7"}
METROS = {"fra": (50.0, 8.6), "tyo": (35.6, 139.8), "iad": (39.1, -77.4)}


class World:
    """A registry, a balancer, and nodes that exist as registrations only."""

    def __init__(self, fleet, folder):
        self.fleet, self.folder = fleet, folder
        self.overrides = os.path.join(folder, "overrides.jsonc")
        self.write_overrides(PLACES)
        self.registry = self.balancer = None
        self.seq = 0

    def write_overrides(self, places):
        rows = [{"prefix": p, "lat": lat, "lon": lon, "country": country,
                 "area": area} for p, lat, lon, country, area in places]
        temp = self.overrides + ".new"
        with open(temp, "w", encoding="utf-8") as file:
            json.dump(rows, file)
        os.rename(temp, self.overrides)

    def start_registry(self, port=0):
        self.registry = self.fleet.start(
            "peri-registry", f"--listen-nodes=127.0.0.1:{port}",
            "--listen-admin=127.0.0.1:0", f"--state-dir={self.folder}",
            "--allow-private-addresses=yes", wait_for=("nodes", "admin"))
        return self.registry.ports["nodes"]

    def start_balancer(self, *args, registry=None, **kwargs):
        registry = registry or (
            f"http://127.0.0.1:{self.registry.ports['nodes']}")
        self.balancer = self.fleet.start(
            "peri-balancer", "--listen-public=127.0.0.1:0",
            "--listen-admin=127.0.0.1:0", "--balancer-id=b1",
            f"--state-dir={self.folder}", f"--registry={registry}",
            f"--geo-overrides={self.overrides}",
            "--trust-ip-parameter=yes", "--rate-limit=0", *args,
            wait_for=("public", "admin"), **kwargs)
        return self.balancer

    @property
    def public(self):
        return self.balancer.ports["public"]

    @property
    def admin(self):
        return self.balancer.ports["admin"]

    def put(self, node, metro, **more):
        lat, lon = METROS[metro]
        body = {"service": HOST, "region": metro, "lat": lat, "lon": lon,
                "addrs": [f"127.0.1.{len(node)}"], "ports": {"tcp": 3101},
                "host": f"{node}.edge.example.com", "capacity": 10000,
                "boot_epoch": 1, "ttl_ms": 3600000}
        body.update(more)
        answer = http_call(self.registry.ports["nodes"], "PUT",
                           f"/v1/nodes/{node}", body)
        assert answer.status in (200, 201), answer.body
        return answer

    def renew(self, node, conns=0):
        self.seq += 1
        answer = http_call(self.registry.ports["nodes"], "POST",
                           f"/v1/nodes/{node}/renew",
                           {"boot_epoch": 1, "seq": self.seq, "conns": conns,
                            "accepts_total": conns, "refused_total": 0,
                            "cpu_pct": 1})
        assert answer.status == 200, answer.body

    def resolve(self, query="", **headers):
        return http_call(self.public, "GET", f"/resolve?host={HOST}{query}",
                         headers=headers)

    def nodes(self, metro, query=""):
        answer = self.resolve(f"&ip={CLIENTS[metro]}{query}")
        assert answer.status == 200, answer.body
        return [n["id"] for n in answer.json()["nodes"]]

    def metric(self, name):
        return metrics(self.admin).get(name, 0)

    def snapshot(self):
        return http_call(self.admin, "GET", "/v1/snapshot").json()

    def wait_nodes(self, count):
        until(lambda: self.snapshot().get("nodes", {}).get("up") == count, 10,
              f"{count} nodes up")


@pytest.fixture
def world(fleet, tmp_path):
    return World(fleet, str(tmp_path))


@pytest.fixture
def three(world):
    """Three metros with two nodes each."""
    world.start_registry()
    for metro in METROS:
        world.put(f"{metro}-1", metro)
        world.put(f"{metro}-2", metro)
    world.start_balancer()
    world.wait_nodes(6)
    return world


def test_nearest_first(three):
    for metro in METROS:
        nodes = three.nodes(metro, "&device=d1")
        assert {n[:3] for n in nodes[:2]} == {metro}, nodes
        assert nodes[-1][:3] != metro  # the last is another failure domain
    assert three.nodes("fra", "&n=1")[0].startswith("fra")
    assert len(three.nodes("fra", "&n=2")) == 2
    assert three.metric('peri_resolve_requests_total{result="ok"}') == 5
    assert three.metric('peri_resolve_first_choice_total{rank="0"}') == 5
    assert three.metric("peri_resolve_spill_total") == 0
    assert three.metric('peri_resolve_places_total{source="override"}') == 5


def test_zones_of_one_region_are_no_spill(world):
    """They cost the same and share its clients; both are the nearest."""
    world.start_registry()
    for node, metro, zone in (("fra-1", "fra", "a"), ("fra-2", "fra", "b"),
                              ("tyo-1", "tyo", "a")):
        world.put(node, metro, zone=zone, capacity=1000000)
    world.start_balancer()
    world.wait_nodes(3)
    firsts = [world.nodes("fra", f"&device=d{d}")[0] for d in range(20)]
    assert set(firsts) == {"fra-1", "fra-2"}
    assert world.metric('peri_resolve_first_choice_total{rank="1"}') == (
        firsts.count("fra-2"))
    assert world.metric("peri_resolve_spill_total") == 0


def test_answer_is_the_documented_one(three):
    answer = three.resolve(f"&ip={CLIENTS['tyo']}&device=phone%201")
    body = answer.json()
    assert list(body) == ["host", "ttl", "id", "client", "nodes", "heartbeat",
                          "backoff", "fallback"]
    assert body["client"] == {"ip": "203.0.113.0/24", "country": "JP",
                              "area": "Tokyo", "lat": 35.7, "lon": 139.7,
                              "source": "override"}
    assert body["ttl"] == 60 and body["fallback"] == [HOST]
    assert body["heartbeat"] == {"start_s": 60, "min_s": 60, "max_s": 300,
                                 "step_s": 30, "max_missed": 2}
    assert body["backoff"] == {"base_ms": 1000, "factor": 1.6, "jitter": 0.3,
                               "max_ms": 120000}
    node = body["nodes"][0]
    assert list(node) == ["id", "region", "host", "ipv4", "ipv6", "tcp", "km"]
    assert node["km"] < 60 and node["tcp"] == 3101
    balancer, number, key, draw = body["id"].split(":")
    assert balancer == "b1" and int(number) > 0 and len(key) == 16
    assert draw[4:] == "004"  # service 0, both families, n = 5
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == (
        "private, max-age=60, stale-if-error=86400")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "date" in answer.headers
    short = http_call(three.public, "GET",
                      f"/v1/resolve?ip={CLIENTS['tyo']}&device=phone+1")
    assert short.json()["id"].split(":")[2] == key  # the same device
    assert short.json()["host"] == HOST  # the only service


def test_a_device_keeps_its_list(three):
    """ETag and 304: while nothing changes, whatever the snapshot's number."""
    query = f"/resolve?host={HOST}&ip={CLIENTS['tyo']}&device=d1"

    def ask(method="GET", target=query, **headers):
        return http_call(three.public, method, target, headers=headers)

    first = ask()
    tag = first.headers["etag"]
    assert re.fullmatch(r'W/"[0-9a-f]{16}"', tag)
    number = three.snapshot()["number"]
    until(lambda: three.snapshot()["number"] != number, 5, "a new snapshot")
    for same in (tag, tag[2:], "*", f'"x", {tag}'):
        for method in ("GET", "HEAD"):
            kept = ask(method, **{"If-None-Match": same})
            assert (kept.status, kept.body) == (304, b""), same
            assert kept.headers["etag"] == tag
            assert kept.headers["cache-control"] == (
                first.headers["cache-control"])
            assert kept.headers["date"]
            assert kept.headers["access-control-allow-origin"] == "*"
            assert "content-type" not in kept.headers
            assert "content-length" not in kept.headers
    assert three.metric(
        'peri_resolve_requests_total{result="not_modified"}') == 8
    other = ask(**{"If-None-Match": 'W/"0123456789abcdef"'})
    assert other.status == 200 and other.headers["etag"] == tag
    head = ask("HEAD")
    assert (head.status, head.headers["etag"]) == (200, tag)
    # Who is anonymous has nothing to keep; a refusal stays one.
    for target in (query.replace("&device=d1", ""), "/goim/nodes/weighted"):
        answer = ask(target=target, **{"If-None-Match": "*"})
        assert answer.status == 200 and "etag" not in answer.headers
    assert ask(target=query + "&n=99", **{"If-None-Match": "*"}).status == 400
    # Its first node leaves: another list, another tag.
    node = first.json()["nodes"][0]["id"]
    http_call(three.registry.ports["nodes"], "DELETE",
              f"/v1/nodes/{node}?boot_epoch=1")
    until(lambda: ask(**{"If-None-Match": tag}).status == 200, 5, "a new list")
    assert ask().headers["etag"] != tag


def test_anonymous_clients_get_keys_of_their_own(world):
    """At random: neither the address nor the order of asking decides."""
    world.start_registry()
    for number in range(20):
        world.put(f"fra-{number}", "fra")

    def ask(query):
        answer = world.resolve(f"&ip={CLIENTS['fra']}{query}").json()
        return (answer["id"].split(":")[2],
                tuple(n["id"] for n in answer["nodes"]))

    seen = set()
    for _ in range(2):  # another process, other keys
        world.start_balancer()
        world.wait_nodes(20)
        # Of five entries it may be shared (balancer/draw_share.h).
        seen.update(ask("&n=6") for _ in range(12))
        assert ask("&n=6&device=d") == ask("&n=6&device=d")
        world.balancer.stop()
    assert len({key for key, _ in seen}) == 24
    assert len({nodes for _, nodes in seen}) > 20


def test_head_and_options(three):
    head = http_call(three.public, "HEAD", f"/resolve?host={HOST}")
    assert head.status == 200 and head.body == b""
    assert int(head.headers["content-length"]) > 100
    options = http_call(three.public, "OPTIONS", f"/resolve?host={HOST}")
    assert options.status == 204 and "GET" in options.headers[
        "access-control-allow-methods"]
    assert options.headers["access-control-allow-origin"] == "*"
    post = http_call(three.public, "POST", f"/resolve?host={HOST}", {"a": 1})
    assert post.status == 405
    assert post.headers["allow"] == "GET, HEAD, OPTIONS"


def read_answers(sock, methods):
    """Status, headers in lower case and body of each answer in a row."""
    file, answers = sock.makefile("rb"), []
    for method in methods:
        status, headers = int(file.readline().split()[1]), {}
        for line in iter(file.readline, b"\r\n"):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        size = int(headers.get("content-length", 0))
        body = b"" if method == "HEAD" else file.read(size)
        answers.append((status, headers, body))
    return answers


@pytest.mark.parametrize("piece", [1, 7, 100000])
def test_a_pipeline_is_answered_as_each_alone(three, piece):
    """Longer than what is looked ahead in at a time, of all kinds."""
    kinds = [
        ("GET", "/resolve?host=%s&device=d%d", "1.1", "", b""),
        ("HEAD", "/resolve?host=%s&device=d%d", "1.1", "", b""),
        ("OPTIONS", "/resolve?host=%s&device=d%d", "1.1",
         "Origin: https://a.example\r\n", b""),
        ("GET", "http://any/resolve?host=%s&device=d%d", "1.1", "", b""),
        ("GET", "/resolve?host=%s&device=d%d", "1.0",
         "connection: Keep-Alive\r\n", b""),
        ("GET", "/resolve?host=%s&device=d%d&n=99", "1.1", "", b""),
        ("POST", "/resolve?host=%s&device=d%d", "1.1",
         "cOnTeNt-LeNgTh: 4\r\n", b"body"),
    ]
    calls = [kinds[i % len(kinds)] + (i,) for i in range(40)]
    calls.append(("GET", "/resolve?host=%s&device=d%d", "1.1",
                  "Connection: close\r\n", b"", 40))
    text = b"".join(
        f"{method} {target % (HOST, i)} HTTP/{version}\r\nHost: a\r\n{more}"
        "\r\n".encode() + body
        for method, target, version, more, body, i in calls)
    with socket.create_connection(("127.0.0.1", three.public),
                                  timeout=10 * PATIENCE) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(text), piece):
            sock.sendall(text[at:at + piece])
        answers = read_answers(sock, [call[0] for call in calls])
        assert sock.recv(1) == b""  # the last one said close
    for (method, target, _, _, _, i), (status, headers, body) in zip(
            calls, answers):
        target = (target % (HOST, i)).replace("http://any", "")
        alone = http_call(three.public, method, target,
                          {"a": 1} if method == "POST" else None)
        assert status == alone.status, (method, target)
        assert headers["access-control-allow-origin"] == "*"
        if status == 200 and method == "GET":
            assert json.loads(body)["nodes"] == alone.json()["nodes"]
            assert headers["etag"] == alone.headers["etag"]


@pytest.mark.parametrize("query,status,kind,reason", [
    ("&hots=1", 400, "unknown-parameter", "unknown_parameter"),
    ("&n=1&n=2", 400, "repeated-parameter", "repeated_parameter"),
    ("&n=17", 400, "bad-parameter", "bad_n"),
    ("&family=5", 400, "bad-parameter", "bad_family"),
    ("&ip=1.2.3", 400, "bad-parameter", "bad_ip"),
    ("&device=" + "x" * 65, 400, "bad-parameter", "bad_device"),
    ("&failed=x", 400, "bad-parameter", "bad_failed"),
    ("&device=%zz", 400, "bad-parameter", "bad_escape"),
    ("x", 404, "unknown-host", "unknown_host"),
])
def test_refusals_are_problems_and_counted(three, query, status, kind, reason):
    answer = three.resolve(query)
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:perihelion:{kind}"
    assert answer.json()["status"] == status
    assert answer.headers["access-control-allow-origin"] == "*"
    name = query.lstrip("&").split("=")[0]
    if status == 400:
        assert answer.json()["detail"].startswith(name)
    assert three.metric(
        f'peri_resolve_refusals_total{{reason="{reason}"}}') == 1


def test_unknown_path(three):
    assert http_call(three.public, "GET", "/").status == 404
    assert three.metric('peri_resolve_refusals_total{reason="path"}') == 1


def test_ip_is_believed_from_proxies_only(world):
    world.start_registry()
    world.put("fra-1", "fra")
    world.put("tyo-1", "tyo")
    world.start_balancer("--trust-ip-parameter=no")
    world.wait_nodes(2)
    answer = world.resolve(f"&ip={CLIENTS['fra']}")
    assert answer.status == 403
    assert answer.json()["type"] == "urn:perihelion:ip-not-trusted"
    assert "trusted_proxies" in answer.json()["detail"]
    # A stranger's header is ignored.
    answer = world.resolve("", **{"X-Forwarded-For": CLIENTS["fra"]})
    assert answer.json()["client"]["source"] == "none"
    world.balancer.stop()
    world.start_balancer("--trust-ip-parameter=no",
                         "--trusted-proxies=127.0.0.0/8")
    world.wait_nodes(2)
    answer = world.resolve("", **{
        "X-Forwarded-For": f"9.9.9.9, {CLIENTS['fra']}, 127.9.9.9"})
    assert answer.json()["client"]["ip"] == "198.51.100.0/24"
    assert world.nodes("tyo")[0] == "tyo-1"
    answer = world.resolve("", **{"X-Forwarded-For": "unknown"})
    assert answer.json()["type"] == "urn:perihelion:bad-forwarded-for"


def test_families(world):
    world.start_registry()
    world.put("fra-4", "fra", addrs=["127.0.1.1"])
    world.put("fra-6", "fra", addrs=["2001:db8::1"])
    world.put("fra-46", "fra", addrs=["127.0.1.2", "2001:db8::2"])
    world.start_balancer()
    world.wait_nodes(3)
    assert set(world.nodes("fra", "&family=4")) == {"fra-4", "fra-46"}
    assert set(world.nodes("fra", "&family=6")) == {"fra-6", "fra-46"}
    assert len(world.nodes("fra", "&family=46")) == 3
    answer = world.resolve("&ip=2001:db8:1:2::3&family=6").json()
    assert answer["client"]["ip"] == "2001:db8:1::/48"
    assert answer["client"]["country"] == "JP"
    assert all("ipv4" not in n for n in answer["nodes"])


def test_unknown_place_is_still_answered(three):
    answer = three.resolve("&ip=8.8.8.8").json()
    assert answer["client"] == {"ip": "8.8.8.0/24", "source": "none"}
    assert len(answer["nodes"]) >= 3
    assert "km" not in answer["nodes"][0]
    geo = http_call(three.admin, "GET", "/v1/geo?ip=8.8.8.8").json()
    assert geo == {"ip": "8.8.8.8", "source": "none", "cell": 0}
    assert three.snapshot()["geo"]["source"] == "none"


def test_pipelined(three):
    count = 50
    with socket.create_connection(("127.0.0.1", three.public)) as s:
        s.sendall(b"".join(
            f"GET /resolve?host={HOST}&n=1&ip={CLIENTS['fra']}&device=d{i} "
            f"HTTP/1.1\r\nHost: x\r\n\r\n".encode() for i in range(count)))
        s.shutdown(socket.SHUT_WR)
        data = b""
        while chunk := s.recv(65536):
            data += chunk
    assert data.count(b"HTTP/1.1 200 OK\r\n") == count
    assert data.count(b'"id":"fra-') == count


def test_goim_bytes(three):
    answer = http_call(three.public, "GET", "/goim/nodes/weighted")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    head, nodes, tail = (b'{"code":0,"message":"","data":{"domain":'
                         b'"conn.goim.io","tcp_port":3101,"ws_port":3102,'
                         b'"wss_port":3103,"heartbeat":240,"nodes":['), b"", (
        b'],"backoff":{"max_delay":300,"base_delay":3,"factor":1.8,'
        b'"jitter":0.3},"heartbeat_max":2}}')
    assert answer.body.startswith(head) and answer.body.endswith(tail)
    nodes = json.loads(answer.body)["data"]["nodes"]
    assert nodes and all(n.startswith("127.0.1.") for n in nodes)
    web = http_call(three.public, "GET",
                    "/goim/nodes/weighted?platform=web&unknown=1").json()
    assert all(n.endswith(".edge.example.com") for n in web["data"]["nodes"])
    assert three.metric('peri_resolve_requests_total{result="goim"}') == 2


def test_goim_without_a_service_is_counted(world):
    world.start_registry()
    world.put("fra-1", "fra")
    world.put("other-1", "fra", service="other.example.com")
    world.start_balancer()
    world.wait_nodes(2)
    answer = http_call(world.public, "GET", "/goim/nodes/weighted")
    assert answer.status == 200
    assert answer.json()["data"]["nodes"] == ["conn.goim.io"]
    assert world.metric(
        'peri_resolve_refusals_total{reason="host_required"}') == 1
    assert world.metric('peri_resolve_requests_total{result="refused"}') == 1
    assert world.metric('peri_resolve_requests_total{result="goim"}') == 0


def test_panic_is_counted(world):
    world.start_registry()
    world.put("fra-1", "fra", capacity=10)
    world.start_balancer()
    world.wait_nodes(1)
    world.nodes("fra")
    assert world.metric("peri_resolve_panic_total") == 0
    world.renew("fra-1", 100)
    until(lambda: "panic" in world.resolve(
        f"&ip={CLIENTS['fra']}").json().get("flags", []), 10, "the flag")
    http_call(world.public, "GET", "/goim/nodes/weighted")
    assert world.metric('peri_resolve_requests_total{result="panic"}') == 1
    assert world.metric("peri_resolve_panic_total") == 2


def test_explain_reproduces_an_answer_from_its_id_alone(three):
    for i in range(20):
        device = f"&device=dev-{i}" if i % 2 else ""
        query = f"ip={CLIENTS['iad']}&n={i % 5 + 1}{device}"
        answer = three.resolve(f"&{query}").json()
        got = [n["id"] for n in answer["nodes"]]
        said = http_call(three.admin, "GET", f"/explain?id={answer['id']}")
        assert said.status == 200, said.body
        body = said.json()
        listed = sorted((n for n in body["nodes"]
                         if n.get("position") is not None
                         and n["position"] > 0),
                        key=lambda n: n["position"])
        assert [n["id"] for n in listed] == got, body
        assert body["client"]["key"] == answer["id"].split(":")[2]
        assert body["client"]["ip"] is None
        assert body["client"]["source"] == "cell"
        placed = http_call(
            three.admin, "GET",
            f"/explain?ip={CLIENTS['iad']}&id={answer['id']}").json()
        assert placed["client"]["ip"] == CLIENTS["iad"]
        assert placed["client"]["source"] == "override"
        assert placed["nodes"] == body["nodes"]
    by_device = http_call(three.admin, "GET", f"/explain?{query}").json()
    assert by_device["client"]["key"] == body["client"]["key"]


def test_explain_reproduces_answers_of_past_snapshots(three):
    answers = [three.resolve(f"&ip={CLIENTS[metro]}&device=dev-{i}").json()
               for i in range(10) for metro in CLIENTS]
    first = int(answers[0]["id"].split(":")[1])
    three.put("iad-3", "iad")  # the sites are formed anew
    three.renew("fra-1", 5000)
    three.wait_nodes(7)
    three.put("aaa-1", "fra", region="aaa")  # a site before all others
    three.wait_nodes(8)
    until(lambda: three.snapshot()["number"] > first + 3, 10, "3 snapshots")
    for answer in answers:
        said = http_call(three.admin, "GET", f"/explain?id={answer['id']}")
        assert said.status == 200, said.body
        body = said.json()
        assert body["snapshot"]["number"] == int(answer["id"].split(":")[1])
        assert ([n["id"] for n in body["nodes"] if n["position"]]
                == [n["id"] for n in answer["nodes"]]), (answer, body)
    assert three.metric("peri_balancer_past_snapshots") >= 3
    assert three.metric("peri_balancer_past_snapshots_bytes") > 0


@pytest.mark.parametrize("end,forget", [("stop", False), ("kill", False),
                                        ("kill", True)])
def test_an_id_from_before_a_restart_is_refused(three, end, forget):
    """Never explained with another snapshot: numbers do not begin again."""
    ids = [three.resolve(f"&ip={CLIENTS[metro]}&device=dev-{i}").json()["id"]
           for i in range(5) for metro in CLIENTS]
    until(lambda: three.metric("peri_balancer_state_saves_total"), 10)
    built = three.metric("peri_balancer_snapshots_total")
    getattr(three.balancer, end)()
    if forget:
        os.unlink(os.path.join(three.folder, "balancer-fleet.jsonl"))
    three.start_balancer()
    three.wait_nodes(6)
    # Counted from the start, each of the old numbers would be there again.
    until(lambda: three.metric("peri_balancer_snapshots_total") > built,
          built + 10, "as many snapshots as before")
    for old in ids:
        said = http_call(three.admin, "GET", f"/explain?id={old}")
        assert said.status == 404, (old, three.snapshot()["number"])
        assert said.json()["type"] == "urn:perihelion:snapshot-gone"
        assert "of this process" in said.json()["detail"]
    own = three.resolve(f"&ip={CLIENTS['fra']}&device=dev-1").json()["id"]
    assert http_call(three.admin, "GET", f"/explain?id={own}").status == 200


def what_if(world, query):
    said = http_call(world.admin, "GET", f"/explain?{query}")
    assert said.status == 200, said.body
    return said.json()


def test_what_if_shows_who_gains(three):
    answer = three.resolve(f"&ip={CLIENTS['fra']}&device=dev-1").json()
    before = [n["id"] for n in answer["nodes"]]
    body = what_if(three, f"id={answer['id']}&without=fra-1")
    assert body["changes"] == [{"kind": "without", "scope": "node",
                                "name": "fra-1", "weight": None,
                                "bias_km": None}]
    assert body["answer"]["before"] == before
    assert "fra-1" not in body["answer"]["after"]
    nodes = {n["id"]: n for n in body["nodes"]}
    assert nodes["fra-1"]["after"] is None
    assert nodes["fra-1"]["change"] == -nodes["fra-1"]["before"]["share"] < 0
    assert nodes["fra-2"]["after"]["share"] == 1
    gone = what_if(three, f"ip={CLIENTS['fra']}&device=dev-1&drained=fra")
    sites = {s["site"]: s for s in gone["sites"]}
    assert sites["fra"]["before"]["share"] == 1
    assert sites["fra"]["change"] == -1
    assert gone["answer"]["after"][0][:3] != "fra"
    lighter = what_if(three, f"ip={CLIENTS['fra']}&weight=fra-1:10")
    nodes = {n["id"]: n for n in lighter["nodes"]}
    assert nodes["fra-1"]["change"] < 0 < nodes["fra-2"]["change"]
    many = what_if(three, f"ip={CLIENTS['fra']}&weight=fra-1:0&without=fra-2"
                          "&drained=iad")
    assert {n[:3] for n in many["answer"]["after"]} == {"tyo"}
    # nothing of it is true
    again = three.resolve(f"&ip={CLIENTS['fra']}&device=dev-1").json()
    assert [n["id"] for n in again["nodes"]] == before
    everybody = "".join(f"&drained={metro}" for metro in METROS)
    last = what_if(three, f"ip={CLIENTS['fra']}{everybody}")
    assert last["flags"]["after"] and last["answer"]["after"]
    nobody = "".join(f"&without={metro}-{i}" for metro in METROS
                     for i in (1, 2))
    last = what_if(three, f"ip={CLIENTS['fra']}{nobody}")
    assert last["flags"]["after"] == ["empty"] and not last["answer"]["after"]


def test_only_a_few_wait_for_what_takes_long(three):
    """The thread that works it out hangs, writing the saved state into a pipe
    that nobody reads: four askers wait, the others are told so at once."""
    client = f"ip={CLIENTS['fra']}"
    past = three.resolve(f"&{client}").json()["id"]
    until(lambda: three.snapshot()["number"] != int(past.split(":")[1]), 5)
    pipe = os.path.join(three.folder, "balancer-fleet.jsonl.new")
    until(lambda: make_pipe(pipe), 5, "no save under way")
    three.put("fra-3", "fra")  # something to save
    long_ones = [f"/explain?{client}&without=fra-1", f"/explain?id={past}",
                 "/v1/preview?drained=fra",
                 f"/explain?id={past}&weight=fra-1:5"]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        asked = {}  # and when

        def waiting():
            return [a for a in asked if not a.done()]

        def all_places_hang():
            """Nobody that waits has waited for less than a second."""
            now = waiting()
            if len(now) == 4 and all(
                    time.monotonic() - asked[a] > 1 for a in now):
                return now
            if len(now) <= 4:
                path = long_ones[len(asked) % len(long_ones)]
                asked[pool.submit(http_call, three.admin, "GET", path,
                                  timeout=60)] = time.monotonic()
            return None

        try:
            hang = until(all_places_hang, 15, "four that hang")
            refused_before = three.metric(
                "peri_balancer_explains_refused_total")
            for path in long_ones:
                said = http_call(three.admin, "GET", path)
                assert said.status == 503, (path, said.body)
                assert said.headers["retry-after"] == "1"
                assert said.json()["type"] == "urn:perihelion:busy"
                assert "wait already" in said.json()["detail"]
            assert three.metric("peri_balancer_explains_refused_total"
                                ) == refused_before + len(long_ones)
            # What is quick goes on: answers, their explanations, refusals.
            now = three.resolve(f"&{client}").json()["id"]
            assert http_call(three.admin, "GET",
                             f"/explain?{client}").status == 200
            assert http_call(three.admin, "GET",
                             "/explain?id=b1:0:0123456789abcdef:0001004"
                             ).status == 404
            assert http_call(three.admin, "GET", "/readyz").status == 200
            assert now != past
        finally:
            reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        assert all(a.result().status == 200 for a in hang)
        os.close(reader)
    assert what_if(three, f"{client}&without=fra-1")


def make_pipe(path):
    try:
        os.mkfifo(path)
    except FileExistsError:
        return False
    return True


@pytest.mark.parametrize("query,status,word", [
    ("without=fra-1", 400, "ip="), ("ip=1.2.3.4&without=", 400, "without"),
    ("ip=1.2.3.4&without=nope", 404, "without=nope"),
    ("ip=1.2.3.4&drained=nope", 404, "drained=nope"),
    ("ip=1.2.3.4&weight=fra-1", 400, "NODE:WEIGHT"),
    ("ip=1.2.3.4&weight=fra-1:1001", 400, "1000"),
    ("ip=1.2.3.4&without=fra-1&weight=fra-1:50", 400, "once"),
    ("ip=1.2.3.4&" + "&".join(f"without=n{i}" for i in range(17)), 400, "16"),
])
def test_what_if_refuses(three, query, status, word):
    answer = http_call(three.admin, "GET", f"/explain?{query}")
    assert answer.status == status, answer.body
    assert word in answer.json()["detail"]


@pytest.mark.parametrize("query,status", [
    ("", 400), ("ip=x", 400), ("ip=1.2.3.4&id=x", 400),
    ("id=b1:1:0123456789abcdef", 400),
    ("id=b1:1:0123456789abcdef:0001004&device=a", 400),
    ("id=b1:1:0123456789abcdef:0001004&id=b1:1:0123456789abcdef:0001004", 400),
    ("id=b1:{never}:0123456789abcdef:0001004", 404),
    ("id=b2:{kept}:0123456789abcdef:0001004", 404),
    ("id=b1:{kept}:0123456789abcdef:0001f04", 404),
    ("ip=1.2.3.4&what=1", 400), ("ip=1.2.3.4&host=none", 404),
])
def test_explain_refuses(three, query, status):
    kept = three.snapshot()["number"]
    never = (kept + 2**31) % 2**32
    answer = http_call(three.admin, "GET", "/explain?" + query.format(
        kept=kept, never=never))
    assert answer.status == status, answer.body


def test_dead_node_leaves_the_list(world):
    world.start_registry()
    world.put("fra-1", "fra", ttl_ms=2000)
    world.put("fra-2", "fra")
    world.start_balancer()
    world.wait_nodes(2)
    assert "fra-1" in world.nodes("fra")
    until(lambda: "fra-1" not in world.nodes("fra"), 15, "fra-1 left")
    assert world.nodes("fra") == ["fra-2"]


def test_node_that_leaves_is_gone_at_once(three):
    answer = http_call(three.registry.ports["nodes"], "DELETE",
                       "/v1/nodes/fra-1?boot_epoch=1")
    assert answer.status in (200, 204), answer.body
    until(lambda: "fra-1" not in three.nodes("fra"), 2, "fra-1 left")


def test_no_node_at_all(world):
    world.start_registry()
    world.start_balancer()
    answer = until(lambda: (a := world.resolve()).status == 200 and a, 10)
    body = answer.json()
    assert body["nodes"] == [] and body["fallback"] == [HOST]
    assert body["flags"] == ["no_nodes"]
    assert world.metric('peri_resolve_requests_total{result="empty"}') == 1
    assert http_call(world.admin, "GET", "/readyz").status == 503
    goim = http_call(world.public, "GET", "/goim/nodes/weighted").json()
    assert goim["data"]["nodes"] == ["conn.goim.io"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_before_the_first_state(world):
    world.start_balancer(registry=f"http://127.0.0.1:{free_port()}")
    answer = world.resolve()
    assert answer.status == 503 and answer.headers["retry-after"] == "1"
    assert answer.json()["type"] == "urn:perihelion:not-ready"
    ready = http_call(world.admin, "GET", "/readyz")
    assert ready.status == 503 and b"no state" in ready.body
    assert http_call(world.public, "GET", "/readyz").status == 503
    assert http_call(world.public, "GET", "/healthz").status == 200
    assert world.metric("peri_balancer_sync_failures_total") >= 1
    http_call(world.public, "GET", "/goim/nodes/weighted")
    assert world.metric('peri_resolve_refusals_total{reason="not_ready"}') == 2


def test_registry_gone_and_back(three):
    until(lambda: three.metric("peri_balancer_state_saves_total") >= 1, 10)
    until(lambda: three.metric('peri_balancer_sync_state{state="following"}'),
          5)
    port = three.registry.ports["nodes"]
    three.registry.kill()
    before = three.nodes("fra", "&device=x")
    until(lambda: not three.metric(
        'peri_balancer_sync_state{state="following"}'), 10)
    assert three.nodes("fra", "&device=x") == before
    # A new process has the saved state only.
    three.balancer.stop()
    three.start_balancer()
    assert sorted(three.nodes("fra")[:2]) == ["fra-1", "fra-2"]
    ready = http_call(three.admin, "GET", "/readyz")
    assert ready.status == 200 and b"source=file" in ready.body, ready.body
    assert three.snapshot()["source"] == "file"
    # The registry comes back with what it had on disk.
    three.start_registry(port)
    until(lambda: three.snapshot()["source"] == "registry", 20)
    three.put("fra-3", "fra")
    until(lambda: "fra-3" in three.nodes("fra"), 3)


def test_altered_state_is_refused(three):
    until(lambda: three.metric("peri_balancer_state_saves_total") >= 1, 10)
    three.balancer.stop()
    path = os.path.join(three.folder, "balancer-fleet.jsonl")
    with open(path, "rb") as file:
        text = file.read()
    with open(path, "wb") as file:
        file.write(text[:-20])
    three.registry.kill()
    three.start_balancer()
    three.balancer.logged("state.refused")
    assert three.metric("peri_balancer_state_refused_total") == 1
    assert three.resolve().status == 503


class Liar(threading.Thread):
    """A registry that talks nonsense."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.answer, self.calls = answer, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.calls += 1
            with peer:
                try:
                    peer.recv(4096)
                    peer.sendall(self.answer)
                    time.sleep(0.05)  # let it be read before the reset
                except OSError:
                    pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text):
    return f"{len(text):x}\r\n".encode() + text + b"\r\n"


@pytest.mark.parametrize("answer,bad_lines", [
    (b"", False),
    (b"\x00\xff" * 500, False),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", False),
    (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", False),
    (CHUNKED + chunk(b"<html>\n"), True),
    (CHUNKED + chunk(b'{"type":"reset","why":"x"}\n'
                     b'{"type":"nodes","rev":1,"nodes":[{"id":"evil"}]}\n'),
     True),
    (CHUNKED + chunk(b'{"type":"gone"}\n'), True),
    (CHUNKED + chunk(b"x" * 300000), False),
    (CHUNKED + b"zz\r\n", False),
], ids=["closes", "noise", "ends", "500", "html", "bad-node", "bad-gone",
        "long-line", "bad-chunk"])
def test_garbage_keeps_the_state(world, answer, bad_lines):
    world.start_registry()
    world.put("fra-1", "fra")
    world.put("tyo-1", "tyo")
    liar = Liar(answer)
    world.start_balancer()
    world.wait_nodes(2)
    until(lambda: world.metric("peri_balancer_state_saves_total") >= 1, 10)
    world.balancer.stop()
    # Both are asked in turn; the liar comes first.
    world.start_balancer(registry=f"http://127.0.0.1:{liar.port},"
                         f"http://127.0.0.1:{world.registry.ports['nodes']}")
    until(lambda: liar.calls >= 1, 10, "the liar was asked")
    assert sorted(world.nodes("fra")) == ["fra-1", "tyo-1"]
    until(lambda: world.snapshot()["registry"]["state"] == "following", 20)
    assert sorted(world.nodes("fra")) == ["fra-1", "tyo-1"]
    assert world.metric("peri_balancer_sync_failures_total") >= 1
    if bad_lines:
        assert world.metric("peri_balancer_sync_bad_lines_total") >= 1
    liar.close()


@pytest.mark.parametrize("code,head", [
    (400, b"GET /resolve HTTP/1.1\r\n\r\n"),  # no Host
    (400, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"),  # TLS on this port
    (413, b"POST /resolve HTTP/1.1\r\nHost: b\r\n"
          b"Content-Length: 200000\r\n\r\n"),
    (414, b"GET /resolve?device=" + b"a" * 5000 +
          b" HTTP/1.1\r\nHost: b\r\n\r\n"),
    (431, b"GET /resolve HTTP/1.1\r\nHost: b\r\nX: " + b"y" * 20000 +
          b"\r\n\r\n"),
    (501, b"POST /resolve HTTP/1.1\r\nHost: b\r\n"
          b"Transfer-Encoding: gzip\r\n\r\n"),
    (505, b"GET /resolve HTTP/3.0\r\nHost: b\r\n\r\n")])
def test_bad_heads_are_answered_and_counted(three, code, head):
    name = 'peri_http_rejected_total{listener="public",reason="%d"}' % code
    before = three.metric(name)
    with socket.create_connection(("127.0.0.1", three.public), 10) as peer:
        peer.sendall(head)
        answer = peer.recv(65536)
    assert answer.startswith(b"HTTP/1.1 %d " % code)
    assert b"application/problem+json" in answer
    until(lambda: three.metric(name) == before + 1, 5)
    assert three.resolve().status == 200


class Asker(threading.Thread):
    """Asks without a pause on one connection; every answer must be a list."""

    def __init__(self, port, path):
        super().__init__(daemon=True)
        self.port, self.path = port, path
        self.good, self.bad, self.stopping = 0, [], False
        self.areas = set()
        self.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        while not self.stopping:
            try:
                connection.request("GET", self.path)
                answer = connection.getresponse()
                body = json.loads(answer.read())
                self.areas.add(body["client"].get("area"))
                if answer.status == 200 and body["nodes"]:
                    self.good += 1
                else:
                    self.bad.append(body)
            except (OSError, ValueError, KeyError,
                    http.client.HTTPException) as error:
                self.bad.append(error)
                return

    def end(self):
        self.stopping = True
        self.join(10)
        return self.bad


def test_geo_reload_loses_no_request(three):
    for metro in METROS:  # room enough that nobody is sent elsewhere
        three.put(f"{metro}-1", metro, capacity=100000000)
        three.put(f"{metro}-2", metro, capacity=100000000)
    asker = Asker(three.public, f"/resolve?ip={CLIENTS['fra']}")
    until(lambda: asker.good > 10, 10)
    moved = [("198.51.100.0/24", 35.7, 139.7, "JP", "Moved")] + PLACES[1:]
    three.write_overrides(moved)
    three.balancer.signal(signal.SIGHUP)
    until(lambda: "Moved" in asker.areas, 10)
    until(lambda: three.nodes("fra")[0].startswith("tyo"), 5)
    # A file that changes is found without a signal.
    three.write_overrides(PLACES)
    asker.areas.clear()
    until(lambda: three.nodes("fra")[0].startswith("fra"), 15)
    # A broken one changes nothing.
    with open(three.overrides, "w", encoding="utf-8") as file:
        file.write('[{"prefix": "1.2.3.4/99"}]')
    three.balancer.signal(signal.SIGHUP)
    until(lambda: three.metric("peri_balancer_geo_errors_total") >= 1, 10)
    three.balancer.logged("geo.load_failed")
    assert three.nodes("fra")[0].startswith("fra")
    good = asker.good
    until(lambda: asker.good > good + 10, 10)
    assert not asker.end()


MMDB = os.path.join(ROOT, "tests", "data", "mmdb")


def copy_database(world, name):
    """As an updater does it: a whole new file under the old name."""
    path = os.path.join(world.folder, "city.mmdb")
    shutil.copy(os.path.join(MMDB, name), path + ".new")
    os.rename(path + ".new", path)
    return path


def place(world, ip):
    geo = http_call(world.admin, "GET", f"/v1/geo?ip={ip}").json()
    return geo.get("country"), geo.get("city"), geo["source"]


def test_databases(world):
    """Both layouts, both families, a newer file, a broken one."""
    world.start_registry()
    for metro in METROS:
        world.put(f"{metro}-1", metro, capacity=100000000)
    path = copy_database(world, "flat4.mmdb")
    flat6 = os.path.join(MMDB, "flat6.mmdb")
    world.start_balancer(f"--geo-databases={path},{flat6}")
    world.wait_nodes(3)
    answer = world.resolve("&ip=8.8.8.200").json()
    assert answer["client"] == {
        "ip": "8.8.8.0/24", "country": "DE", "area": "Hesse", "lat": 50.11,
        "lon": 8.68, "source": "mmdb"}
    assert answer["nodes"][0]["id"] == "fra-1"
    assert place(world, "2400:cb00:1::1")[:2] == ("JP", "Chiyoda")
    assert world.resolve("&ip=2400:cb00:1::1").json()[
        "nodes"][0]["id"] == "tyo-1"
    # Overrides win over the database.
    assert place(world, CLIENTS["tyo"])[2] == "override"
    assert world.snapshot()["geo"]["databases"] == 2
    asker = Asker(world.public, "/resolve?ip=2.2.2.2")
    until(lambda: asker.good > 10, 10)
    copy_database(world, "newer.mmdb")
    until(lambda: place(world, "2.2.2.2")[1] == "Frankfurt am Main", 15)
    assert place(world, "8.8.8.200")[2] == "none"
    errors = world.metric("peri_balancer_geo_errors_total")
    copy_database(world, "bad-map.mmdb")
    world.balancer.signal(signal.SIGHUP)
    until(lambda: world.metric("peri_balancer_geo_errors_total") > errors, 10)
    assert place(world, "2.2.2.2")[1] == "Frankfurt am Main"
    # One that has gone costs nothing either; it is taken when it is back.
    errors = world.metric("peri_balancer_geo_errors_total")
    os.unlink(path)
    world.balancer.signal(signal.SIGHUP)
    until(lambda: world.metric("peri_balancer_geo_errors_total") > errors, 10)
    assert place(world, "2.2.2.2")[1] == "Frankfurt am Main"
    copy_database(world, "flat4.mmdb")
    until(lambda: place(world, "8.8.8.200")[0] == "DE", 15)
    assert not asker.end()


@pytest.mark.parametrize("name", ["loop.mmdb", "country.mmdb", "format1.mmdb",
                                  "no-networks.mmdb", "cut", "empty"])
def test_broken_database_at_start(world, name):
    world.start_registry()
    path = copy_database(world, "flat4.mmdb" if name in ("cut", "empty")
                         else name)
    if name in ("cut", "empty"):
        os.truncate(path, 1000 if name == "cut" else 0)
    with pytest.raises(AssertionError) as failure:
        world.start_balancer(f"--geo-databases={path}")
    assert "geo.load_failed" in str(failure.value)
    assert "city.mmdb" in str(failure.value)


def test_broken_geo_file_at_start(world):
    world.start_registry()
    with open(world.overrides, "w", encoding="utf-8") as file:
        file.write("[{]")
    with pytest.raises(AssertionError) as failure:
        world.start_balancer()
    assert "overrides.jsonc" in str(failure.value)


def test_missing_database_is_said(world):
    world.start_registry()
    world.put("fra-1", "fra")
    world.start_balancer("--geo-databases=/nonexistent/city.mmdb")
    world.wait_nodes(1)
    world.balancer.logged("geo.missing")
    # What was missing from the start does not stop a reload of the rest.
    loads = world.metric("peri_balancer_geo_loads_total")
    world.balancer.signal(signal.SIGHUP)
    until(lambda: world.metric("peri_balancer_geo_loads_total") > loads, 10)
    assert b"geo=none" in http_call(world.admin, "GET", "/readyz").body
    assert world.nodes("fra") == ["fra-1"]


def test_settings_reload(three, tmp_path):
    config = tmp_path / "balancer.jsonc"
    config.write_text('{"ttl": "30s"}')
    three.balancer.stop()
    three.start_balancer(f"--config={config}")
    three.wait_nodes(6)
    assert three.resolve().json()["ttl"] == 30
    config.write_text('{"ttl": "45s", // longer\n "fallback": ["a.example"]}')
    three.balancer.signal(signal.SIGHUP)
    until(lambda: three.resolve().json()["ttl"] == 45, 5)
    assert three.resolve().json()["fallback"] == ["a.example"]
    config.write_text('{"tttl": "45s"}')
    three.balancer.signal(signal.SIGHUP)
    until(lambda: three.metric(
        'peri_config_reloads_total{result="failed"}') == 1, 5)
    # One logfmt value, though the reason quotes the key.
    three.balancer.logged(r'unknown key \"tttl\"; did you mean \"ttl\"?"')
    assert three.resolve().json()["ttl"] == 45


class Draining(threading.Thread):
    """Asks on one raw keep-alive connection until told to close.

    `outcome`: "close" (an answer said so, then the end came), "end" (the end
    came between requests), "eof" or "reset" (a request was lost)."""

    def __init__(self, port, path, pause=0.0, run=True):
        super().__init__(daemon=True)
        self.pause, self.good, self.outcome = pause, 0, None
        self.request = (f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n"
                        "\r\n").encode()
        self.socket = socket.create_connection(("127.0.0.1", port),
                                               10 * PATIENCE)
        self.rest = threading.Event()
        if run:
            self.start()

    def read_answer(self):
        """None: a whole answer; else the outcome."""
        data, whole = b"", None
        while whole is None or len(data) < whole:
            try:
                got = self.socket.recv(65536)
            except ConnectionError:
                return "reset"
            if not got:
                return "eof"
            data += got
            head, gap, _ = data.partition(b"\r\n\r\n")
            if gap and whole is None:
                length = re.search(rb"Content-Length: *(\d+)", head)
                whole = len(head) + 4 + int(length[1])
        assert data.startswith(b"HTTP/1.1 200 ") and len(data) == whole, data
        self.good += 1
        return "close" if b"\r\nConnection: close\r\n" in head else None

    def wait_end(self):
        """Behind an answer: what comes instead of one."""
        try:
            return "end" if self.socket.recv(1) == b"" else "more"
        except ConnectionError:
            return "reset"

    def run(self):
        while not self.outcome:
            try:
                self.socket.sendall(self.request)
            except ConnectionError:
                self.outcome = "reset"
                return
            self.outcome = self.read_answer()
            if self.outcome or self.pause > 1:
                break
            self.rest.wait(self.pause)
        if self.outcome == "close" and self.wait_end() != "end":
            self.outcome = "reset"
        if self.outcome:
            self.socket.close()


class Newcomer(threading.Thread):
    """A new connection for each request, until none is to be had."""

    def __init__(self, port, path):
        super().__init__(daemon=True)
        self.port, self.path = port, path
        self.good, self.outcome = 0, None
        self.start()

    def run(self):
        while not self.outcome:
            try:
                client = Draining(self.port, self.path, run=False)
            except ConnectionRefusedError:
                self.outcome = "refused"
                return
            try:
                client.socket.sendall(client.request)
                outcome = client.read_answer()
            except ConnectionError:
                outcome = "reset"
            client.socket.close()
            self.good += 1
            if outcome in ("eof", "reset"):
                self.outcome = outcome


def test_drain_answers_what_is_under_way(three):
    """SIGTERM under load. Of every connection, busy, quiet or still in the
    backlog: each request that was sent before the server's FIN came has a
    whole answer, none is reset, and the server says "Connection: close" in an
    answer before it closes a connection that asks on. Only one that asks
    nothing for the whole grace is closed without a word. Who has connected is
    answered; who has not is refused."""
    path = f"/resolve?ip={CLIENTS['fra']}"
    busy = [Draining(three.public, path) for _ in range(30)]
    # Pauses shorter than the grace: these are idle when the signal comes.
    slow = [Draining(three.public, path, pause=0.4) for _ in range(5)]
    quiet = Draining(three.public, path, pause=60)
    until(lambda: all(c.good > 3 for c in busy)
          and all(c.good > 0 for c in slow + [quiet]), 10)
    comers = [Newcomer(three.public, path) for _ in range(3)]
    until(lambda: all(c.good > 3 for c in comers), 10)
    # Nobody accepts meanwhile: these wait in the backlog with their request.
    three.balancer.signal(signal.SIGSTOP)
    backlog = [Draining(three.public, path, run=False) for _ in range(60)]
    for client in backlog:
        client.socket.sendall(client.request)
    began = time.monotonic()
    three.balancer.signal(signal.SIGTERM)
    three.balancer.signal(signal.SIGCONT)
    for client in backlog:  # a worker may accept before it hears of the drain
        outcome = client.read_answer()
        while outcome is None:
            client.socket.sendall(client.request)
            outcome = client.read_answer()
        assert outcome == "close", (outcome, client.good)
        assert client.wait_end() == "end"
        client.socket.close()
    for client in busy + slow:
        client.join(10 * PATIENCE)
        assert client.outcome == "close", (client.outcome, client.good)
    for comer in comers:
        comer.join(10 * PATIENCE)
        assert comer.outcome == "refused", (comer.outcome, comer.good)
    assert quiet.wait_end() == "end"
    assert three.balancer.process.wait(10 * PATIENCE) == 0
    assert time.monotonic() - began < 8 * PATIENCE
    assert b"service.drain_timeout" not in three.balancer.log


def test_empty_registry_does_not_empty_the_list(three):
    """A registry that lost its disk hears from living agents within a TTL."""
    until(lambda: three.metric('peri_balancer_sync_state{state="following"}'),
          5)
    port = three.registry.ports["nodes"]
    three.registry.kill()
    for name in os.listdir(three.folder):
        if name.startswith("registry.db"):
            os.unlink(os.path.join(three.folder, name))
    three.start_registry(port)
    until(lambda: three.metric("peri_balancer_sync_held_back_total") == 1, 20)
    assert len(three.nodes("fra")) >= 3
    three.put("fra-1", "fra")
    until(lambda: three.metric('peri_balancer_nodes{state="up"}') == 1, 30)


def test_load_moves_clients(three):
    for node in ("fra-1", "fra-2"):
        three.renew(node, conns=10000)
    for node in ("tyo-1", "tyo-2", "iad-1", "iad-2"):
        three.renew(node, conns=10)
    until(lambda: not three.nodes("fra")[0].startswith("fra"), 10,
          "full nodes are not first")


def test_check_config(tmp_path):
    daemon = Daemon("peri-balancer", ["--check-config", "--workers=99"],
                    tmp_path)
    with pytest.raises(AssertionError):
        daemon.start(wait_for=("public",))
    assert daemon.process.returncode == 2
    daemon.kill()

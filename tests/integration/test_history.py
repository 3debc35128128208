"""The registry's memory for people: the event log and the series behind the
charts, over HTTP, over restarts and over kill -9."""
import csv
import io
import json

import pytest

from harness import http_call, until

NODE = {"service": "im", "region": "eu", "lat": 50.1, "lon": 8.7,
        "addrs": ["127.0.0.9"], "ports": {"tcp": 3101}, "capacity": 1000,
        "boot_epoch": 5, "ttl_ms": 2000}
REPORT = {"boot_epoch": 1, "version": "0.1.0", "queries_total": 0}


class Registry:
    """One registry; may be stopped and started again."""

    def __init__(self, fleet, folder, *options):
        self.folder = folder / "state"
        self.daemon = fleet.start(
            "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
            "127.0.0.1:0", "--state-dir", self.folder,
            "--allow-private-addresses", "yes", *options,
            wait_for=["nodes", "admin"])

    def start(self):
        self.daemon.start(wait_for=["nodes", "admin"])

    def put(self, name, **members):
        answer = http_call(self.daemon.ports["nodes"], "PUT",
                           f"/v1/nodes/{name}", {**NODE, **members})
        assert answer.status in (200, 201), answer.body

    def renew(self, name, seq, conns):
        answer = http_call(self.daemon.ports["nodes"], "POST",
                           f"/v1/nodes/{name}/renew",
                           {"boot_epoch": 5, "seq": seq, "conns": conns})
        assert answer.status == 200, answer.body

    def leave(self, name):
        answer = http_call(self.daemon.ports["nodes"], "DELETE",
                           f"/v1/nodes/{name}?boot_epoch=5")
        assert answer.status == 200, answer.body

    def report(self, name, **members):
        answer = http_call(self.daemon.ports["nodes"], "POST",
                           f"/v1/balancers/{name}/report",
                           {**REPORT, **members})
        assert answer.status == 200, answer.body

    def get(self, path):
        return http_call(self.daemon.ports["admin"], "GET", path)

    def log(self, query=""):
        answer = self.get(f"/v1/log?{query}")
        assert answer.status == 200, answer.body
        return answer.json()

    def told(self, query=""):
        return [(e["kind"], e["target"]) for e in self.log(query)["events"]]


@pytest.fixture
def registry(fleet, tmp_path):
    return Registry(fleet, tmp_path)


def test_what_happens_is_told_once_and_in_order(registry):
    registry.put("n-1")
    registry.put("n-1")  # the same again is no news
    registry.put("n-1", weight=50)
    # regions are looked at once a second
    until(lambda: ("region.down", "region/eu") in registry.told(),
          what="the region whose only node is silent")
    registry.put("n-1", weight=50)
    registry.leave("n-1")
    registry.report("b-1")
    until(lambda: ("balancer.leave", "balancer/b-1") in registry.told(),
          what="the balancer that is silent")
    told = registry.told()
    assert told[0] == ("registry.start", "registry")
    assert [t for t in told if t[1] == "node/n-1"] == [
        ("node.join", "node/n-1"), ("node.changed", "node/n-1"),
        ("node.suspect", "node/n-1"), ("node.down", "node/n-1"),
        ("node.up", "node/n-1"), ("node.leave", "node/n-1")]
    assert [t for t in told if t[1] == "balancer/b-1"] == [
        ("balancer.join", "balancer/b-1"), ("balancer.leave", "balancer/b-1")]
    assert [t for t in told if t[1] == "region/eu"] == [
        ("region.up", "region/eu"), ("region.down", "region/eu")]


def test_pages_filters_and_refusals(registry):
    for number in range(12):
        registry.put(f"n-{number:02}", region="eu" if number % 2 else "us")
    joined = "kind=node.join"
    page = registry.log(f"{joined}&limit=5")
    assert [e["target"][-2:] for e in page["events"]] == [
        "07", "08", "09", "10", "11"]
    assert page["more"] and page["next"] == page["events"][-1]["id"]
    older = registry.log(f"{joined}&limit=5&before={page['previous']}")
    assert [e["target"][-2:] for e in older["events"]] == [
        "02", "03", "04", "05", "06"]
    newer = registry.log(f"{joined}&limit=5&after={older['next']}")
    assert newer["events"] == page["events"] and not newer["more"]
    last = registry.log(f"{joined}&after={page['next']}")
    assert last["events"] == [] and last["next"] == page["next"]
    assert len(registry.log(f"{joined}&target=region/us")["events"]) == 6
    assert registry.told("target=node/n-03") == [("node.join", "node/n-03")]
    assert registry.told(f"{joined}&severity=warn") == []
    assert len(registry.log("kind=node.join,registry.start")["events"]) == 13
    for query in ("limit=0", "limit=1001", "after=x", "before=-1",
                  "kind=node", "kind=node.join,,", "severity=bad", "odd=1",
                  "target=" + "x" * 600):
        answer = registry.get(f"/v1/log?{query}")
        assert answer.status == 400, query
        assert answer.json()["type"] == "urn:perihelion:bad-parameter"


def test_the_log_as_a_file(registry):
    for number in range(3):
        registry.put(f"n-{number}")
    events = registry.log()["events"]
    lines = registry.get("/v1/events.jsonl")
    assert lines.headers["content-type"] == "application/jsonl"
    assert 'filename="events.jsonl"' in lines.headers["content-disposition"]
    assert [json.loads(line) for line in lines.body.splitlines()] == events
    table = registry.get("/v1/events.csv?kind=node.join")
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.body.decode(), newline="")))
    assert [row["target"] for row in rows] == [
        "node/n-0", "node/n-1", "node/n-2"]
    assert list(rows[0]) == ["id", "wall_ms", "kind", "severity", "target",
                             "region", "text"]
    assert registry.get("/v1/events.csv?limit=10001").status == 400

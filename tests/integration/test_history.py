"""The registry's memory for people: the event log and the series behind the
charts, over HTTP, over restarts and over kill -9."""
import csv
import io
import itertools
import json
import time

import pytest

from harness import http_call, metrics, until

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


def known(values):
    return [v for v in values if v is not None]


def history(registry, target, span="hour"):
    answer = registry.get(f"/v1/history?target={target}&span={span}")
    assert answer.status == 200, answer.body
    return answer.json()


def wait_for_moment(registry, target="fleet", count=1):
    """Wait until there are that many moments; their numbers."""
    def look():
        answer = registry.get(f"/v1/history?target={target}")
        return answer.status == 200 and len(
            known(answer.json()["series"]["capacity"])) >= count
    until(look, 20, f"{count} moments of {target}")
    return history(registry, target)["series"]


def test_series_of_nodes_regions_and_the_fleet(registry):
    registry.put("n-1", ttl_ms=60000, capacity=700)
    registry.put("n-2", ttl_ms=60000, capacity=300, weight=50)
    registry.renew("n-1", 1, 40)
    began, reports = time.time(), itertools.count()

    def is_known():
        number = next(reports)
        registry.report("b-1", queries_total=1000 * number, p99_us=80,
                        placed_per_s=10, nearest_per_s=9, queries_per_s=11,
                        sites=[{"service": "im", "region": "eu", "zone": "",
                                "per_s": 12.5}],
                        nodes=[["n-1", 10], ["n-2", 2.5]])
        answer = registry.get("/v1/history?target=fleet")
        return answer.status == 200 and known(
            answer.json()["series"]["nearest_share"])
    until(is_known, 20, "a moment with a balancer")
    series = history(registry, "node/n-1")["series"]
    assert known(series["conns"])[-1] == 40
    assert known(series["first_per_s"])[-1] == 10
    series = history(registry, "node/n-2")["series"]
    assert known(series["conns"]) == []  # it has not said
    assert known(series["capacity"])[-1] == 300
    assert known(series["weight"])[-1] == 50
    region = history(registry, "region/eu")["series"]
    assert (known(region["conns"])[-1], known(region["capacity"])[-1],
            known(region["weight"])[-1], known(region["first_per_s"])[-1]) == (
                40, 1000, 150, 12.5)
    fleet = history(registry, "fleet")
    assert fleet["target"] == "fleet" and fleet["step_s"] == 5
    assert known(fleet["series"]["capacity"])[-1] == 1000
    assert known(fleet["series"]["nearest_share"])[-1] == 0.9
    assert known(fleet["series"]["resolves_per_s"])[-1] == 11
    assert known(fleet["series"]["p99_us"])[-1] == 80
    for span, length, step_s in (("hour", 720, 5), ("day", 1440, 60)):
        answer = history(registry, "fleet", span)
        assert {len(v) for v in answer["series"].values()} == {length}
        end = answer["from_wall_s"] + length * step_s
        assert began - 1 < end <= time.time() + step_s
    for path, status, kind in (
            ("target=node/n-9", 404, "unknown-target"),
            ("target=fleet/queries", 404, "unknown-target"),
            ("", 400, "bad-parameter"),
            ("target=fleet&span=week", 400, "bad-parameter"),
            ("target=fleet&odd=1", 400, "bad-parameter")):
        answer = registry.get("/v1/history?" + path)
        assert answer.status == status, path
        assert answer.json()["type"] == "urn:perihelion:" + kind
    assert metrics(registry.daemon.ports["admin"])[
        "peri_registry_history_moment_seconds_count"] >= 1


def test_a_nodes_weight_is_the_one_in_force(registry):
    token = (registry.folder / "admin.token").read_text().strip()
    registry.put("n-1", ttl_ms=60000)
    answer = http_call(registry.daemon.ports["admin"], "PUT",
                       "/v1/intent/node/n-1", {"weight": 30, "reason": "new"},
                       {"Authorization": f"Bearer {token}",
                        "Content-Type": "application/json"})
    assert answer.status in (200, 201), answer.body
    assert known(wait_for_moment(registry, "node/n-1")["weight"])[-1] == 30


def test_more_nodes_than_history_nodes_have_none(fleet, tmp_path):
    registry = Registry(fleet, tmp_path, "--history-nodes", "2")
    for number in range(5):
        registry.put(f"n-{number}", ttl_ms=60000)
    wait_for_moment(registry, "region/eu")
    found = [n for n in range(5)
             if registry.get(f"/v1/history?target=node/n-{n}").status == 200]
    assert found == [0, 1]
    assert metrics(registry.daemon.ports["admin"])[
        "peri_registry_history_nodes_left_out"] == 3


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_it_is_all_there_after_a_restart(registry, end):
    registry.put("n-1", ttl_ms=60000)
    registry.renew("n-1", 1, 40)
    wait_for_moment(registry, "node/n-1")
    before = registry.log()["events"]
    moments = history(registry, "node/n-1")
    # a batch a second: wait until this one is on the disk
    written = "peri_registry_history_batches_total{result=\"ok\"}"
    count = metrics(registry.daemon.ports["admin"])[written]
    until(lambda: metrics(registry.daemon.ports["admin"])[written] > count,
          what="one more batch")
    getattr(registry.daemon, end)()
    registry.start()
    registry.daemon.logged("history.load")
    until(lambda: registry.get("/v1/history?target=node/n-1").status == 200,
          what="the history that was kept")
    after = registry.log()["events"]
    assert after[:len(before)] == before
    assert after[len(before)]["kind"] == "registry.start"
    assert [e["id"] for e in after] == sorted({e["id"] for e in after})
    kept = history(registry, "node/n-1")
    shift = (kept["from_wall_s"] - moments["from_wall_s"]) // 5
    old = moments["series"]["conns"]
    assert kept["series"]["conns"][:720 - shift][-1] in (40, None)
    assert [v for i, v in enumerate(kept["series"]["conns"][:720 - shift])
            if old[i + shift] is not None] == known(old)


def test_a_damaged_file_is_put_aside(registry):
    registry.daemon.stop()
    path = registry.folder / "history.db"
    assert path.exists()
    path.write_bytes(b"not a database" * 1000)
    registry.start()
    registry.daemon.logged("history.damaged")
    until(lambda: metrics(registry.daemon.ports["admin"])[
        "peri_registry_history_up"] == 1, what="a new file")
    assert (registry.folder / "history.db.damaged").exists()
    assert metrics(registry.daemon.ports["admin"])[
        "peri_registry_history_damaged_total"] == 1
    registry.put("n-1", ttl_ms=60000)
    wait_for_moment(registry, "fleet")
    registry.daemon.kill()
    registry.start()
    until(lambda: ("node.join", "node/n-1") in registry.told(),
          what="what the new file keeps")


def test_a_file_that_cannot_be_written_stops_nothing(registry):
    registry.daemon.stop()
    path = registry.folder / "history.db"
    path.unlink()
    path.mkdir()  # root may write anything, but this is no file
    registry.start()
    registry.daemon.logged("history.open_failed")
    ready = registry.get("/readyz")
    assert ready.status == 200
    assert b"the history is only in memory" in ready.body
    assert metrics(registry.daemon.ports["admin"])[
        "peri_registry_history_up"] == 0
    registry.put("n-1", ttl_ms=60000)
    wait_for_moment(registry, "node/n-1")
    assert ("node.join", "node/n-1") in registry.told()


def test_events_kept_bounds_the_log_and_its_file(fleet, tmp_path):
    registry = Registry(fleet, tmp_path, "--events-kept", "100")
    for number in range(150):
        registry.put(f"n-{number:03}", ttl_ms=60000)
    events = registry.log("limit=1000")["events"]
    assert len(events) == 100 and events[-1]["target"] == "node/n-149"
    registry.daemon.stop()
    registry.start()
    registry.daemon.logged("events=100")


def test_the_absence_of_what_is_in_maintenance_is_no_alarm(registry):
    token = (registry.folder / "admin.token").read_text().strip()
    admin = registry.daemon.ports["admin"]
    for name in ("n-1", "n-2"):
        registry.put(name)
    answer = http_call(admin, "PUT", "/v1/intent/node/n-1",
                       {"state": "maintenance", "reason": "new disks"},
                       {"Authorization": f"Bearer {token}",
                        "Content-Type": "application/json"})
    assert answer.status in (200, 201), answer.body
    until(lambda: len(registry.log("kind=node.down")["events"]) == 2,
          what="both nodes down")
    severity = {e["target"]: e["severity"]
                for e in registry.log("kind=node.down")["events"]}
    assert severity == {"node/n-1": "info", "node/n-2": "error"}
    assert metrics(admin)['peri_region_nodes_excused{region="eu"}'] == 1

"""What operators want of nodes and regions: put, released and over on the
admin listener, durable before it is acknowledged, told to nodes and watchers,
audited."""
import sqlite3
import threading
import time

import pytest

from harness import http_call, metrics, until
from test_comet import Client, start_agent
from test_registry import JSON, Registry, Watch


class Desk(Registry):
    """A registry with two people who may, or may not, change things."""

    def __init__(self, fleet, folder, *args):
        tokens = folder / "tokens"
        tokens.write_text("vera viewer vera-0123456789abcdef\n"
                          "otto operator otto-0123456789abcdef\n")
        tokens.chmod(0o600)
        super().__init__(fleet, folder, "--tokens-file", tokens, *args)

    def ask(self, method, path, body=None, who="otto", **conditions):
        """@conditions: if_match, if_none_match."""
        headers = {"Authorization": f"Bearer {who}-0123456789abcdef",
                   **{name.replace("_", "-"): value
                      for name, value in conditions.items()}}
        if body is not None:
            headers.update(JSON)
        return http_call(self.daemon.ports["admin"], method, path, body,
                         headers)

    def want(self, target, **members):
        return self.ask("PUT", f"/v1/intent/{target}",
                        {"reason": "test", **members})

    def release(self, target, who="otto"):
        return self.ask("DELETE", f"/v1/intent/{target}?reason=test", who=who)

    def intents(self):
        return {f'{x["scope"]}/{x["id"]}': x
                for x in self.ask("GET", "/v1/intents").json()["intents"]}

    def audit(self, query=""):
        return self.ask("GET", "/v1/audit" + query).json()["audit"]

    def told(self, name, seq, **members):
        """The intent in the reply to a renewal."""
        return self.renew(name, seq, **members).json()["intent"]


@pytest.fixture
def desk(fleet, tmp_path):
    return Desk(fleet, tmp_path)


@pytest.fixture
def stream(desk):
    watch = Watch(desk.port)
    watch.wait_type("synced")
    yield watch
    watch.close()


UP = {"state": "up", "weight": 100, "shed_per_min": 0, "deadline_ms": 0}


def test_put_read_release(desk, stream):
    began = time.time()
    answer = desk.want("node/n-1", state="drain", shed_per_min=20,
                       deadline_s=600, for_s=3600, reason="new kernel")
    assert answer.status == 201
    intent = answer.json()
    assert intent.pop("etag") == answer.headers["etag"]
    assert began - 1 <= intent.pop("since_wall_s") <= time.time()
    assert began + 3599 <= intent.pop("until_wall_s") <= time.time() + 3600
    assert intent == {
        "scope": "node", "id": "n-1", "state": "drain", "weight": None,
        "bias_km": None, "shed_per_min": 20, "deadline_s": 600, "by": "otto",
        "reason": "new kernel", "known": False}
    line = stream.wait_type("intent")
    assert (line["scope"], line["id"]) == ("node", "n-1")
    assert line["intent"] == {"state": "drain", "weight": None,
                              "bias_km": None}
    desk.put("n-1")
    assert desk.intents()["node/n-1"]["known"]
    # A PUT replaces the whole.
    answer = desk.want("node/n-1", weight=0)
    assert answer.status == 200
    assert desk.ask("GET", "/v1/intent/node/n-1").json() == answer.json()
    assert answer.json()["shed_per_min"] is None
    answer = desk.ask("DELETE", "/v1/intent/node/n-1?reason=done")
    assert answer.status == 200 and answer.json()["weight"] == 0
    stream.wait(lambda x: x["type"] == "intent" and x.get("gone"))
    assert desk.intents() == {}
    answer = desk.release("node/n-1")
    assert answer.status == 404
    assert answer.json()["type"] == "urn:perihelion:unknown-intent"
    assert desk.ask("GET", "/v1/intent/node/n-1").status == 404


@pytest.mark.parametrize("target, body, status, kind", [
    ("node/n-1", {"state": "drain"}, 400, "missing-field"),
    ("node/n-1", {"state": "off", "reason": "r"}, 400, "out-of-range"),
    ("node/n-1", {"by": "eve", "reason": "r"}, 400, "unknown-field"),
    ("node/n-1", {"reason": "r" * 257}, 400, "too-long"),
    ("node/n-1", {"reason": "r", "until_wall_s": 1}, 400, "out-of-range"),
    ("node/N-1", {"reason": "r"}, 400, "bad-node-id"),
    ("zone/n-1", {"reason": "r"}, 404, "unknown-path"),
])
def test_what_is_refused(desk, target, body, status, kind):
    answer = desk.ask("PUT", f"/v1/intent/{target}", body)
    assert answer.status == status
    assert answer.json()["type"] == "urn:perihelion:" + kind
    assert desk.intents() == {} and desk.audit() == []


@pytest.mark.parametrize("query, body, status, kind", [
    ("", None, 400, "bad-parameter"),
    ("?reason=", None, 400, "bad-parameter"),
    ("?reason=%20", None, 400, "bad-parameter"),
    ("", {}, 400, "bad-parameter"),
    ("", {"reason": " "}, 400, "bad-parameter"),
    ("?reason=" + "r" * 257, None, 400, "bad-parameter"),
    ("", {"reason": "r" * 257}, 400, "too-long"),
    ("", {"by": "eve"}, 400, "unknown-field"),
    ("?reason=" + "r" * 256, None, 200, None),
    ("", {"reason": "r"}, 200, None),
])
def test_a_release_says_why(desk, query, body, status, kind):
    desk.want("node/n-1", weight=5)
    answer = desk.ask("DELETE", "/v1/intent/node/n-1" + query, body)
    assert answer.status == status, answer.body
    held = desk.intents()
    if kind is None:
        assert held == {} and desk.audit()[-1]["reason"].startswith("r")
        return
    assert answer.json()["type"] == "urn:perihelion:" + kind
    assert kind != "bad-parameter" or b"reason" in answer.body
    assert "node/n-1" in held and len(desk.audit()) == 1


def test_only_what_was_read_is_changed(desk):
    """Two who act at the same moment: the second hears of the first."""
    path = "/v1/intent/node/n-1"
    first = desk.ask("PUT", path, {"state": "drain", "reason": "a disk"},
                     if_none_match="*")
    assert first.status == 201
    late = desk.ask("PUT", path, {"weight": 5, "reason": "mine"},
                    if_none_match="*")
    assert late.status == 412
    assert late.json()["type"] == "urn:perihelion:intent-changed"
    assert "otto" in late.json()["detail"] and "a disk" in late.json()["detail"]
    tag = first.headers["etag"]
    got = desk.ask("GET", path)
    assert got.headers["etag"] == got.json()["etag"] == tag
    assert desk.intents()["node/n-1"]["etag"] == tag
    desk.daemon.kill()
    desk.restart()
    assert desk.ask("GET", path).headers["etag"] == tag
    second = desk.ask("PUT", path, {"weight": 7, "reason": "r"}, if_match=tag)
    assert second.status == 200 and second.headers["etag"] != tag
    for late in (desk.ask("PUT", path, {"weight": 9, "reason": "r"},
                          if_match=tag),
                 desk.ask("DELETE", path + "?reason=r", if_match=tag)):
        assert late.status == 412
    assert desk.intents()["node/n-1"]["weight"] == 7
    # Without the header all stays as it was.
    assert desk.want("node/n-1", weight=8).status == 200
    answer = desk.ask("DELETE", path + "?reason=r",
                      if_match=desk.intents()["node/n-1"]["etag"])
    assert answer.status == 200 and "etag" not in answer.headers
    late = desk.ask("PUT", path, {"weight": 9, "reason": "r"}, if_match=tag)
    assert late.status == 412
    assert "nothing holds; it was changed last by otto" in late.json()["detail"]
    never = desk.ask("PUT", "/v1/intent/node/n-9", {"reason": "r"},
                     if_match="*")
    assert never.status == 412 and never.json()["detail"] == "nothing holds"
    assert desk.intents() == {}
    assert len(desk.audit()) == 4  # what was refused is not there


def test_at_the_same_moment_one_wins(desk):
    """The second is judged after the first, which is still being written."""
    desk.want("node/n-1", weight=1)
    tag = desk.intents()["node/n-1"]["etag"]
    statuses = []

    def put(weight):
        statuses.append(desk.ask("PUT", "/v1/intent/node/n-1",
                                 {"weight": weight, "reason": "r"},
                                 if_match=tag).status)
    threads = [threading.Thread(target=put, args=(i,)) for i in range(2, 12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 9


def test_who_may(desk):
    body = {"state": "drain", "reason": "r"}
    answer = desk.ask("PUT", "/v1/intent/node/n-1", body, who="vera")
    assert answer.status == 403
    answer = desk.release("node/n-1", who="vera")
    assert answer.status == 403
    assert desk.ask("GET", "/v1/intents", who="vera").status == 200
    assert http_call(desk.daemon.ports["admin"], "PUT",
                     "/v1/intent/node/n-1", body, JSON).status == 401
    # It is no business of the nodes' listener.
    assert http_call(desk.port, "PUT", "/v1/intent/node/n-1", body,
                     JSON).status == 404


def test_a_renewal_brings_it(desk):
    desk.put("n-1", weight=70)
    assert desk.told("n-1", 1) == UP
    desk.want("region/eu", state="maintenance", weight=5, deadline_s=100)
    told = desk.told("n-1", 2)
    assert 98000 <= told.pop("deadline_ms") <= 100000
    assert told == {"state": "maintenance", "weight": 5, "shed_per_min": 10}
    # Its own goes over its region's, member by member; up is no member.
    desk.want("node/n-1", weight=0, shed_per_min=30)
    told = desk.told("n-1", 3)
    assert (told["state"], told["weight"], told["shed_per_min"]) == (
        "maintenance", 0, 30)
    desk.release("region/eu")
    assert desk.told("n-1", 4) == {**UP, "weight": 0, "shed_per_min": 30}


def test_it_survives_who_it_is_about(desk):
    desk.put("n-1")
    desk.want("node/n-1", state="drain")
    desk.call("DELETE", "/v1/nodes/n-1?boot_epoch=5")
    assert not desk.intents()["node/n-1"]["known"]
    desk.put("n-1", boot_epoch=6, weight=500)
    told = desk.call("POST", "/v1/nodes/n-1/renew", {
        "boot_epoch": 6, "seq": 1, "conns": 0}).json()["intent"]
    assert told["state"] == "drain"


def test_it_ends_by_itself(desk, stream):
    desk.want("region/eu", state="drain", for_s=2)
    desk.want("node/n-1", state="drain")
    gone = stream.wait(lambda x: x["type"] == "intent" and x.get("gone"))
    assert (gone["scope"], gone["id"]) == ("region", "eu")
    assert list(desk.intents()) == ["node/n-1"]
    last = desk.audit("?target=region/eu")[-1]
    assert last["action"] == "intent.expire" and last["by"] == "registry"
    assert last["before"]["state"] == "drain" and last["after"] is None
    assert desk.metrics()['peri_registry_intent_changes_total'
                          '{action="expire"}'] == 1


def test_it_ends_while_nobody_is_there(desk):
    ends_wall_s = desk.want("node/n-1", state="drain",
                            for_s=1).json()["until_wall_s"]
    desk.daemon.kill()
    until(lambda: time.time() > ends_wall_s, what="its end")
    desk.restart()
    assert desk.intents() == {}
    assert [x["action"] for x in desk.audit()] == ["intent.put",
                                                   "intent.expire"]
    desk.daemon.kill()
    desk.restart()
    assert [x["action"] for x in desk.audit()] == ["intent.put",
                                                   "intent.expire"]


def test_the_audit_tells_how_to_undo(desk):
    desk.want("node/n-1", weight=50, reason="slow disk")
    desk.want("node/n-1", state="drain", reason="worse")
    desk.want("region/eu", bias_km=300)
    desk.ask("DELETE", "/v1/intent/node/n-1", {"reason": "repaired"})
    rows = desk.audit()
    assert [x["seq"] for x in rows] == [1, 2, 3, 4]
    assert [x["action"] for x in rows] == ["intent.put"] * 3 + [
        "intent.delete"]
    assert [x["reason"] for x in rows] == ["slow disk", "worse", "test",
                                           "repaired"]
    assert rows[0]["before"] is None and rows[0]["after"]["weight"] == 50
    assert rows[1]["before"] == rows[0]["after"]
    assert rows[3]["before"] == rows[1]["after"] and rows[3]["after"] is None
    assert {x["by"] for x in rows} == {"otto"}
    assert {x["role"] for x in rows} == {"operator"}
    assert rows[0]["from"] == "127.0.0.1"
    # The newest, from a number on, of one target.
    assert [x["seq"] for x in desk.audit("?limit=2")] == [3, 4]
    assert [x["seq"] for x in desk.audit("?after=1&limit=2")] == [2, 3]
    assert [x["seq"] for x in desk.audit("?target=node/n-1")] == [1, 2, 4]
    assert desk.ask("GET", "/v1/audit?after=4").json() == {
        "audit": [], "next": 4, "more": False}
    # Page by page towards the old.
    for query, seqs, more in (("limit=2", [3, 4], True),
                              ("limit=2&before=3", [1, 2], False),
                              ("limit=1&before=3", [2], True),
                              ("limit=1&before=4&target=node/n-1", [2], True),
                              ("limit=9&before=1", [], False),
                              ("limit=1&after=1&before=4", [2], True)):
        page = desk.ask("GET", f"/v1/audit?{query}").json()
        assert [x["seq"] for x in page["audit"]] == seqs, query
        assert page["more"] == more, query
    assert desk.ask("GET", "/v1/audit?before=x").status == 400
    assert desk.ask("GET", "/v1/audit?limit=501").status == 400
    assert desk.ask("GET", "/v1/audit?since=1").status == 400
    desk.daemon.kill()
    desk.restart()
    assert desk.audit() == rows
    desk.want("node/n-2", weight=1)
    assert desk.audit()[-1]["seq"] == 5


def chains(rows):
    """Each change of a target began with what the one before had left."""
    left = {}
    for row in rows:
        if row["before"] != left.get(row["target"]):
            return False
        left[row["target"]] = row["after"]
    return True


def test_changes_at_the_same_time_are_one_after_the_other(desk):
    """Several people change one target; what a row tells is what was so."""
    def change(who):
        for step in range(10):
            if step % 4 == 3:
                desk.release("region/eu")
            else:
                desk.want("region/eu", weight=who * 100 + step)

    people = [threading.Thread(target=change, args=(i,)) for i in range(6)]
    for one in people:
        one.start()
    for one in people:
        one.join(60)
    rows = desk.audit("?limit=500")
    assert [x["seq"] for x in rows] == list(range(1, len(rows) + 1))
    assert len(rows) > 40 and chains(rows)
    intent = desk.intents().get("region/eu")
    assert rows[-1]["after"] == (intent and {
        k: v for k, v in intent.items() if k not in ("known", "etag")})


def test_the_event_log_tells_it_to_people(desk):
    desk.want("node/n-1", state="drain", reason="new kernel")
    desk.release("node/n-1")
    desk.want("region/eu", state="maintenance", for_s=1)
    events = until(lambda: (lambda x: len(x) == 4 and x)([
        x for x in desk.ask("GET", "/v1/log").json()["events"]
        if x["kind"].startswith("intent.")]), what="four events")
    assert [(x["kind"], x["target"]) for x in events] == [
        ("intent.put", "node/n-1"), ("intent.release", "node/n-1"),
        ("intent.put", "region/eu"), ("intent.expire", "region/eu")]
    assert events[0]["text"] == "drain by otto: new kernel"
    assert events[2]["region"] == "eu"


def test_watchers_and_metrics(desk, stream):
    desk.want("node/n-1", state="drain")
    desk.want("region/eu", weight=3)
    late = Watch(desk.port)
    late.wait_type("synced")
    first = next(x for x in late.lines if x["type"] == "intents")
    assert first["intents"] == [
        {"scope": "node", "id": "n-1",
         "intent": {"state": "drain", "weight": None, "bias_km": None}},
        {"scope": "region", "id": "eu",
         "intent": {"state": "up", "weight": 3, "bias_km": None}}]
    late.close()
    counted = desk.metrics()
    assert counted['peri_registry_intents{scope="node",state="drain"}'] == 1
    assert counted['peri_registry_intents{scope="region",state="up"}'] == 1
    assert counted['peri_registry_intent_changes_total{action="put"}'] == 2


def test_an_older_file_is_brought_up_to_date(desk):
    """Version 1 knew neither intents nor the audit."""
    desk.put("n-1")
    desk.daemon.stop()
    with sqlite3.connect(desk.folder / "registry.db") as db:
        db.executescript("DROP TABLE intents; DROP TABLE audit;"
                         "PRAGMA user_version = 1;")
    desk.restart()
    assert desk.state("n-1") == "up"
    assert desk.want("node/n-1", state="drain").status == 201
    desk.daemon.kill()
    desk.restart()
    assert desk.intents()["node/n-1"]["state"] == "drain"


# ---- with a real comet-agent ----

class Node:
    """A comet-agent at the desk's registry, with clients."""

    def __init__(self, fleet, desk, clients):
        self.agent = start_agent(fleet, f"http://127.0.0.1:{desk.port}",
                                 node="n-1", region="eu")
        until(lambda: desk.state("n-1") == "up", what="the node")
        self.clients = [Client(self.agent.ports["tcp"]).join()
                        for _ in range(clients)]
        self.desk = desk
        until(lambda: (desk.node("n-1") or {})["conns"] == clients,
              what="its report")

    def drain(self, method="GET", body=None):
        return http_call(self.agent.ports["admin"], method, "/v1/drain",
                         body).json()

    def count(self, name):
        return metrics(self.agent.ports["admin"])[name]

    def seen(self):
        """The node in the registry's picture of the fleet."""
        nodes = self.desk.ask("GET", "/v1/state").json()["nodes"]
        return next(x for x in nodes if x["id"] == "n-1")


def test_a_drain_is_paced_and_shows_how_far_it_is(fleet, desk):
    node = Node(fleet, desk, 40)
    assert node.seen()["drain"] is None
    began = time.monotonic()
    desk.want("region/eu", state="drain", shed_per_min=100, deadline_s=8)
    until(lambda: node.drain()["draining"], what="the drain")
    told = node.drain()
    assert told["by_intent"] and told["connections_at_start"] == 40
    assert 0 <= told["ends_in_ms"] <= 8000
    # Half of it: neither nobody nor everybody is gone.
    until(lambda: node.drain()["progress"] >= 0.4, what="some that go")
    part = node.drain()
    assert part["connections"] > 5, part
    assert node.count("peri_comet_drain_start_connections") == 40
    assert 0.4 <= node.count("peri_comet_drain_progress_ratio") < 0.9
    seen = until(lambda: (lambda d: d and d["progress"] > 0 and d)(
        node.seen()["drain"]), what="progress in the registry")
    assert seen["conns_at_start"] == 40
    assert Client(node.agent.ports["tcp"]).closed() == b""
    until(lambda: node.drain()["connections"] == 0, 20, "the end")
    assert time.monotonic() - began > 4, "paced, not at once"
    until(lambda: node.seen()["drain"]["progress"] == 1, what="all")
    # The weight that it registered with is still its own.
    assert desk.node("n-1")["weight"] == 100
    desk.release("region/eu")
    until(lambda: not node.drain()["draining"], what="the release")
    Client(node.agent.ports["tcp"]).join()
    until(lambda: node.seen()["drain"] is None, what="no drain")


def test_another_pace_is_followed_and_a_release_keeps_the_rest(fleet, desk):
    node = Node(fleet, desk, 30)
    desk.want("node/n-1", state="drain", shed_per_min=1)
    until(lambda: node.drain()["draining"], what="the drain")
    assert node.drain()["ends_in_ms"] > 5_000_000  # 1 % a minute: 100 minutes
    assert node.drain()["connections"] == 30
    desk.want("node/n-1", state="maintenance", shed_per_min=1, deadline_s=6)
    until(lambda: node.drain()["ends_in_ms"] <= 6000, what="the new end")
    until(lambda: node.drain()["progress"] > 0.2, what="some that go")
    desk.release("node/n-1")
    until(lambda: not node.drain()["draining"], what="the release")
    left = node.drain()["connections"]
    assert 0 < left < 30
    assert "progress" not in node.drain()
    # An operator of that machine may ask for a pace, too.
    told = node.drain("POST", {"percent_per_min": 50})
    assert told["by_admin"] and told["connections_at_start"] == left
    assert 110_000 < told["ends_in_ms"] <= 120_000
    answer = http_call(node.agent.ports["admin"], "POST", "/v1/drain",
                       {"percent_per_min": 101})
    assert answer.status == 400
    told = node.drain("POST", {"percent_per_min": 50, "duration_ms": 0})
    until(lambda: node.drain()["connections"] == 0, what="the end")


def test_who_leaves_does_not_wait_for_a_slow_drain(fleet, desk):
    node = Node(fleet, desk, 10)
    desk.want("node/n-1", state="drain", shed_per_min=1)
    until(lambda: node.drain()["draining"], what="the drain")
    began = time.monotonic()
    assert node.agent.stop() == 0
    assert time.monotonic() - began < 10
    assert desk.node("n-1") is None
    assert desk.intents()["node/n-1"]["state"] == "drain"


def test_without_its_audit_nothing_changes(desk, stream):
    """Both or none: the row of the audit cannot be written."""
    desk.want("node/n-1", weight=5)
    desk.put("n-1")
    with sqlite3.connect(desk.folder / "registry.db") as db:
        db.execute("CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN "
                   "SELECT RAISE(ABORT, 'broken on purpose'); END")
    db.close()
    for answer in (desk.want("node/n-1", weight=9),
                   desk.want("node/n-2", state="drain"),
                   desk.release("node/n-1")):
        assert answer.status == 503 and answer.headers["retry-after"]
        assert answer.json()["type"] == "urn:perihelion:store-unavailable"
    assert {k: v["weight"] for k, v in desk.intents().items()} == {
        "node/n-1": 5}
    assert desk.told("n-1", 1)["weight"] == 5
    assert len(desk.audit()) == 1
    assert len([x for x in stream.lines if x["type"] == "intent"]) == 1
    desk.daemon.kill()
    with sqlite3.connect(desk.folder / "registry.db") as db:
        db.execute("DROP TRIGGER broken")
    db.close()
    desk.restart()
    assert {k: v["weight"] for k, v in desk.intents().items()} == {
        "node/n-1": 5}
    assert desk.want("node/n-1", weight=9).status == 200
    assert desk.audit()[-1]["before"]["weight"] == 5


def test_what_was_acknowledged_survives_kill_9(desk):
    """Several people change intents until the process is killed, again and
    again. The last change of each target that was acknowledged holds
    afterwards, or the one that was under way; the audit has them all."""
    acknowledged, under_way, seqs = {}, {}, []
    answers, wrong = [], []

    def change(name, stop):
        for step in range(1_000_000):
            target = f"node/{name}-{step % 5}"
            weight = None if step % 7 == 6 else step % 1000
            under_way[target] = weight
            try:
                if weight is None:
                    answer = desk.release(target)
                    good = answer.status in (200, 404)
                else:
                    answer = desk.want(target, weight=weight)
                    good = answer.status in (200, 201)
            except OSError:
                return
            except Exception:  # an answer that was cut off
                return
            if not good:
                wrong.append((target, answer.status, answer.body))
                return
            acknowledged[target] = weight
            answers.append(target)
            if stop.is_set():
                return

    desk.want("node/first", weight=1)  # row 1; what follows is after=1
    total = 0
    for _ in range(5):
        stop = threading.Event()
        people = [threading.Thread(target=change, args=(f"p{i}", stop))
                  for i in range(4)]
        enough = len(answers) + 20
        for one in people:
            one.start()
        until(lambda: len(answers) >= enough or wrong, what="some changes")
        desk.daemon.kill()
        stop.set()
        for one in people:
            one.join(30)
        assert wrong == []
        desk.restart()
        found = {target: x["weight"] for target, x in desk.intents().items()}
        for target, weight in acknowledged.items():
            assert found.get(target) in (weight, under_way[target]), target
        acknowledged = {t: found.get(t) for t in acknowledged}
        under_way.update(acknowledged)
        rows, after = [], 0
        while True:
            page = desk.ask("GET", f"/v1/audit?after={after or 1}&limit=500")
            more = page.json()["audit"]
            rows += more
            if not more:
                break
            after = page.json()["next"]
        # No change without its row: the newest row of each is what holds.
        newest = {x["target"]: x["after"] for x in rows}
        for target, row in newest.items():
            assert found.get(target) == (row and row["weight"]), target
        assert chains(rows)
        assert len(rows) > total
        total = len(rows)
        assert seqs == [x["seq"] for x in rows][:len(seqs)]
        seqs = [x["seq"] for x in rows]

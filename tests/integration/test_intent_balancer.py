"""What operators want, from the registry's admin listener to the lists that
clients get: drains, weights, biases, their end, and what is kept of them."""
import os

import pytest

from harness import http_call, run_tool, until
from test_balancer import World

DEVICES = 60


class Desk(World):
    """A world with an operator."""

    def ask(self, method, path, body=None):
        with open(os.path.join(self.folder, "admin.token"),
                  encoding="ascii") as file:
            headers = {"Authorization": f"Bearer {file.read().strip()}",
                       "Content-Type": "application/json"}
        return http_call(self.registry.ports["admin"], method, path, body,
                         headers)

    def want(self, target, **members):
        answer = self.ask("PUT", f"/v1/intent/{target}",
                          {"reason": "test", **members})
        assert answer.status in (200, 201), answer.body

    def release(self, target):
        assert self.ask("DELETE",
                        f"/v1/intent/{target}?reason=test").status == 200

    def firsts(self, metro):
        """How many devices have each node first."""
        counts = {}
        for i in range(DEVICES):
            first = self.nodes(metro, f"&device=d{i}")[0]
            counts[first] = counts.get(first, 0) + 1
        return counts

    def explained(self, node):
        told = http_call(self.admin, "GET",
                         "/explain?ip=198.51.100.7&n=16").json()
        return next(n for n in told["nodes"] + told["excluded"]
                    if n["id"] == node)

    def told_bias(self):
        """What perictl says of each site's bias."""
        done = run_tool("perictl", "explain", "198.51.100.7",
                        "--balancer-admin", f"http://127.0.0.1:{self.admin}")
        assert done.returncode == 0, done.stderr
        lines = done.stdout.split("\nsites, nearest first")[1].split("\n\n")[0]
        head, *rows = lines.splitlines()[1:]
        at, end = head.index("bias km"), head.index("cost") - 2
        return {row.split()[1]: row[at:end].strip() for row in rows}

    def until_why(self, node, why):
        return until(lambda: (x := self.explained(node)).get("why") == why
                     and x, 3, f"{node} is {why}")


@pytest.fixture
def desk(fleet, tmp_path):
    world = Desk(fleet, str(tmp_path))
    world.start_registry()
    for node, metro in (("fra-1", "fra"), ("fra-2", "fra"), ("fra-3", "fra"),
                        ("tyo-1", "tyo")):
        # So much room that a burst of questions spills nowhere.
        world.put(node, metro, capacity=1000000)
        world.renew(node)
    world.start_balancer()
    world.wait_nodes(4)
    return world


def test_a_drained_node_gets_nobody(desk):
    # What is new is warming up; other weights would move other clients.
    until(lambda: desk.explained("fra-1").get("why") != "warming", 40)
    before = {d: desk.nodes("fra", f"&device=d{d}")[0] for d in range(DEVICES)}
    assert "fra-2" in before.values()
    desk.want("node/fra-2", state="drain")
    told = desk.until_why("fra-2", "drained")
    assert told["intent"] == {"state": "drain", "state_of": "node"}
    for device, first in before.items():
        nodes = desk.nodes("fra", f"&device=d{device}")
        assert "fra-2" not in nodes
        if first != "fra-2":
            assert nodes[0] == first
    # It is alive: when nobody else is, it is given still, and that is said.
    desk.want("region/fra", state="maintenance")
    desk.want("region/tyo", state="drain")
    desk.until_why("fra-1", "maintenance")
    desk.until_why("tyo-1", "drained")
    answer = desk.resolve("&ip=198.51.100.7").json()
    assert len(answer["nodes"]) == 4
    for target in ("node/fra-2", "region/fra", "region/tyo"):
        desk.release(target)
    until(lambda: "intent" not in desk.explained("fra-2"), 3)
    for device, first in before.items():
        assert desk.nodes("fra", f"&device=d{device}")[0] == first


def test_a_weight_goes_before_the_reported_one_and_ends(desk):
    desk.want("node/fra-1", weight=0, for_s=2)
    assert desk.until_why("fra-1", "drained")["intent"] == {
        "weight": 0, "weight_of": "node"}
    assert "fra-1" not in desk.firsts("fra")
    # A registration does not bring it back, the end of its time does.
    desk.put("fra-1", "fra", weight=200, capacity=1000000)
    assert desk.explained("fra-1")["why"] == "drained"
    until(lambda: "intent" not in desk.explained("fra-1"), 10)
    until(lambda: desk.explained("fra-1").get("p", 0) > 0, 3)


def test_a_node_s_own_word_goes_before_its_region_s(desk):
    desk.want("region/fra", state="drain", weight=50)
    desk.until_why("fra-3", "drained")
    assert desk.nodes("fra")[0] == "tyo-1"
    desk.want("node/fra-3", state="maintenance", weight=70)
    assert desk.until_why("fra-3", "maintenance")["intent"] == {
        "state": "maintenance", "state_of": "node", "weight": 70,
        "weight_of": "node"}
    assert desk.explained("fra-1")["intent"] == {
        "state": "drain", "state_of": "region", "weight": 50,
        "weight_of": "region"}


def test_a_bias_brings_a_region_nearer(desk):
    desk.want("region/tyo", bias_km=20000)
    until(lambda: desk.nodes("fra")[0] == "tyo-1", 3)
    told = http_call(desk.admin, "GET", "/explain?ip=198.51.100.7").json()
    site = next(s for s in told["sites"] if s["site"] == "tyo")
    assert site["bias_km"] == 20000 and site["bias_by_intent"]
    assert desk.told_bias() == {"tyo": "20000 operator", "fra": "0"}
    desk.release("region/tyo")
    until(lambda: desk.nodes("fra")[0].startswith("fra"), 3)
    assert desk.told_bias() == {"tyo": "0", "fra": "0"}


def test_the_saved_state_keeps_it(desk):
    """A balancer that starts while the registry is away still obeys."""
    desk.want("node/fra-2", state="drain")
    desk.until_why("fra-2", "drained")
    path = os.path.join(desk.folder, "balancer-fleet.jsonl")
    until(lambda: '"intents"' in open(path, encoding="utf-8").read(), 10)
    registry = f"http://127.0.0.1:{desk.registry.ports['nodes']}"
    desk.balancer.stop()
    desk.registry.kill()
    desk.start_balancer(registry=registry)
    assert desk.snapshot()["source"] == "file"
    assert desk.explained("fra-2")["why"] == "drained"
    assert "fra-2" not in desk.firsts("fra")
    # What was released meanwhile is not told again: the whole state counts.
    desk.registry.start(wait_for=("nodes", "admin"))
    desk.release("node/fra-2")
    desk.balancer.stop()
    desk.start_balancer()
    until(lambda: desk.snapshot()["source"] == "registry", 10)
    assert "intent" not in desk.explained("fra-2")


def test_the_report_shows_where_clients_went(desk):
    """The registry hears which cells are served from which region."""
    def flows():
        desk.firsts("fra")
        listed = http_call(desk.registry.ports["nodes"], "GET",
                           "/v1/balancers").json()["balancers"]
        state = desk.ask("GET", "/v1/state").json()
        # Those who list balancers are spared what is long.
        assert not listed or not {"flows", "nodes"} & set(listed[0])
        return listed and {
            **listed[0], "flows": state["flows"],
            "nodes": [n["id"] for n in state["nodes"] if n["first_per_s"]]}
    told = until(lambda: (x := flows()) and x["flows"] and x["nodes"] and x,
                 10)
    assert [(f["region"], f["spill"]) for f in told["flows"]] == [
        ("fra", False)]
    assert told["areas"][0]["nearest_per_s"] == told["areas"][0]["per_s"]
    assert told["areas"][0]["km_p50"] < 50
    assert set(told["nodes"]) == {"fra-1", "fra-2", "fra-3"}
    assert desk.metric("peri_resolve_spill_total") == 0
    desk.want("region/fra", state="drain")
    told = until(lambda: (x := flows()) and x["flows"]
                 and x["flows"][0]["spill"] and x, 10)
    assert told["flows"][0]["region"] == "tyo"
    assert told["nearest_per_s"] == 0 < told["placed_per_s"]
    # The answers' own counter says the same.
    assert desk.metric("peri_resolve_spill_total") > 0
    assert told["areas"][0]["km_p50"] > 9000


def test_a_preview_says_what_would_move(desk):
    def preview(query):
        return http_call(desk.admin, "GET", f"/v1/preview?{query}")
    desk.firsts("fra")
    until(lambda: preview("drained=fra").json()["basis"] == "demand", 10)
    told = preview("drained=fra").json()
    assert told["changes"][0]["scope"] == "region"
    assert told["regions"] == [{"id": "fra", "before": 1, "after": 0},
                               {"id": "tyo", "before": 0, "after": 1}]
    assert told["moved_share"] == 1 and not told["truncated"]
    assert {n["id"] for n in told["nodes"]} == {"fra-1", "fra-2", "fra-3",
                                                "tyo-1"}
    told = preview("weight=fra-1:0").json()
    gone = next(n for n in told["nodes"] if n["id"] == "fra-1")
    assert gone["after"] == 0 < gone["before"] == pytest.approx(
        told["moved_share"], abs=1e-5)
    assert preview("bias=tyo:20000").json()["regions"][0]["id"] in (
        "fra", "tyo")
    # Nothing of it happened.
    assert desk.nodes("fra")[0].startswith("fra")
    for query, status, kind in (
            ("", 400, "change-required"), ("drained=nope", 404, "unknown-name"),
            ("drained=fra&ip=1.2.3.4", 400, "unknown-parameter"),
            ("bias=fra:1e9", 400, "bad-parameter")):
        answer = preview(query)
        assert answer.status == status, query
        assert answer.json()["type"] == "urn:perihelion:" + kind


# What issue 4 asks of the balancer, by name.
METRICS = """
peri_build_info peri_event_loop_lag_seconds peri_http_requests_total
peri_http_rejected_total peri_resolve_requests_total
peri_resolve_refusals_total peri_resolve_duration_seconds
peri_resolve_first_choice_total peri_resolve_spill_total
peri_resolve_distance_meters peri_resolve_places_total
peri_balancer_nodes peri_balancer_nodes_excluded peri_balancer_intents
peri_balancer_snapshot_age_seconds peri_balancer_geo_databases
peri_balancer_geo_database_age_seconds
""".split()


def test_metrics_tell_it(desk):
    text = http_call(desk.admin, "GET", "/metrics").body.decode()
    for name in METRICS:
        assert f"# TYPE {name} " in text, name
    assert desk.metric('peri_balancer_nodes_excluded{reason="drained"}') == 0
    desk.want("node/fra-2", state="drain")
    desk.want("region/tyo", state="maintenance", weight=5)
    desk.until_why("fra-2", "drained")
    until(lambda: desk.metric(
        'peri_balancer_nodes_excluded{reason="maintenance"}') == 1, 3)
    assert desk.metric('peri_balancer_nodes_excluded{reason="drained"}') == 1
    assert desk.metric('peri_balancer_intents{scope="node"}') == 1
    assert desk.metric('peri_balancer_intents{scope="region"}') == 1
    asked = sum(desk.firsts("fra").values())
    until(lambda: desk.metric('peri_resolve_distance_meters_count')
          == pytest.approx(asked), 10)
    assert desk.metric('peri_resolve_distance_meters_bucket{le="50000"}') == \
        pytest.approx(asked)

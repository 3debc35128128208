"""How many balancers there are (R of the ranking): each reports to the
registry, the registry tells all of them, and whoever falls silent counts no
more."""
import pytest

from harness import http_call, metrics, until

NODE = {"service": "im.test", "region": "eu", "lat": 50.1, "lon": 8.7,
        "addrs": ["127.0.0.9"], "ports": {"tcp": 3101}, "capacity": 1000,
        "boot_epoch": 1, "ttl_ms": 3600000}


def start_registry(fleet, tmp_path, *args, port=0):
    return fleet.start(
        "peri-registry", f"--listen-nodes=127.0.0.1:{port}",
        "--listen-admin=127.0.0.1:0", f"--state-dir={tmp_path}",
        "--allow-private-addresses=yes", *args, wait_for=("nodes", "admin"))


def start_balancer(fleet, registry, name, *args, state_dir=""):
    return fleet.start(
        "peri-balancer", "--listen-public=127.0.0.1:0",
        "--listen-admin=127.0.0.1:0", f"--balancer-id={name}", "--workers=1",
        f"--registry=http://127.0.0.1:{registry.ports['nodes']}",
        f"--state-dir={state_dir}", *args, wait_for=("public", "admin"))


def replicas(balancer):
    answer = http_call(balancer.ports["admin"], "GET", "/v1/snapshot")
    return answer.json().get("replicas")


def listed(registry):
    return http_call(registry.ports["nodes"], "GET", "/v1/balancers").json()


def reports(balancer, result):
    return metrics(balancer.ports["admin"]).get(
        f'peri_balancer_reports_total{{result="{result}"}}', 0)


@pytest.fixture
def registry(fleet, tmp_path):
    registry = start_registry(fleet, tmp_path)
    assert http_call(registry.ports["nodes"], "PUT", "/v1/nodes/n-1",
                     NODE).status == 201
    return registry


def test_all_know_how_many_they_are(fleet, registry):
    three = [start_balancer(fleet, registry, f"b{i}") for i in range(3)]
    until(lambda: [replicas(b) for b in three] == [3, 3, 3], 12,
          "each knows three")
    assert metrics(registry.ports["admin"])["peri_registry_balancers"] == 3
    three[0].kill()
    until(lambda: [replicas(b) for b in three[1:]] == [2, 2], 7,
          "within 6 s the two know that they are two")
    three[1].stop()
    until(lambda: replicas(three[2]) == 1, 7, "one is left")


def test_two_processes_of_one_name_are_two(fleet, registry):
    twins = [start_balancer(fleet, registry, "same") for _ in range(2)]
    until(lambda: [replicas(b) for b in twins] == [2, 2], 12)
    assert [b["id"] for b in listed(registry)["balancers"]] == ["same"] * 2


def test_the_last_report_is_listed(fleet, registry):
    balancer = start_balancer(fleet, registry, "b1")
    until(lambda: metrics(balancer.ports["admin"]).get(
        'peri_balancer_nodes{state="up"}') == 1, 10)
    for _ in range(20):
        http_call(balancer.ports["public"], "GET", "/resolve?host=im.test")
    http_call(balancer.ports["public"], "GET", "/resolve?n=99")

    def counted():
        rows = listed(registry)["balancers"]
        return rows[0] if rows and rows[0]["queries_total"] == 20 else None

    row = until(counted, 5, "20 queries reported")
    assert row["id"] == "b1" and 0 <= row["age_ms"] < 5000
    assert row["refused_total"] == 1 and row["misses_total"] == 20
    assert row["snapshot_age_ms"] >= 0 and row["replicas"] == 1
    assert [s["name"] for s in row["services"]] == ["im.test"]
    assert row["services"][0]["kappa"] == 1
    until(lambda: [(s["service"], s["region"]) for s in
                   listed(registry)["balancers"][0]["sites"]] ==
          [("im.test", "eu")], 5)

    def area():
        http_call(balancer.ports["public"], "GET", "/resolve?host=im.test")
        return listed(registry)["balancers"][0]["areas"]

    # No map: a place is never known.
    assert until(area, 5)[0]["cell"] == 0


def test_registry_away_keeps_the_count(fleet, registry, tmp_path):
    two = [start_balancer(fleet, registry, f"b{i}",
                          state_dir=tmp_path / f"b{i}") for i in range(2)]
    until(lambda: [replicas(b) for b in two] == [2, 2], 12)
    until(lambda: all(metrics(b.ports["admin"])[
        "peri_balancer_state_saves_total"] for b in two), 40)
    port = registry.ports["nodes"]
    registry.kill()
    until(lambda: reports(two[0], "failed") >= 2, 10)
    assert [replicas(b) for b in two] == [2, 2]
    # Also after a restart, from the saved state, against the setting.
    two[0].stop()
    two[0] = start_balancer(fleet, registry, "b0", "--replicas=7",
                            state_dir=tmp_path / "b0")
    assert until(lambda: replicas(two[0]), 10) == 2
    # A registry that comes back empty does not say that they are none.
    registry = start_registry(fleet, tmp_path, port=port)
    seen = set()

    def back():
        seen.update(replicas(b) for b in two)
        return metrics(registry.ports["admin"]).get(
            "peri_registry_balancers") == 2

    until(back, 20)
    assert seen == {2}


def test_alone_without_a_registry_it_uses_the_setting(fleet, tmp_path):
    registry = start_registry(fleet, tmp_path)
    http_call(registry.ports["nodes"], "PUT", "/v1/nodes/n-1", NODE)
    balancer = start_balancer(fleet, registry, "b1", "--replicas=4")
    until(lambda: replicas(balancer) == 4, 5, "the setting, at first")
    until(lambda: replicas(balancer) == 1, 12, "then what the registry says")


def test_the_node_token_is_wanted(fleet, tmp_path):
    registry = start_registry(fleet, tmp_path, "--node-token=secret-1")
    stranger = start_balancer(fleet, registry, "b1")
    friend = start_balancer(fleet, registry, "b2",
                            "--registry-token=secret-1")
    until(lambda: reports(friend, "ok") >= 2, 10)
    until(lambda: reports(stranger, "failed") >= 2, 10)
    stranger.logged("report.failed")
    assert [b["id"] for b in listed(registry)["balancers"]] == ["b2"]


REPORT = {"boot_epoch": 1, "version": "0.1.0", "queries_total": 5}


@pytest.mark.parametrize("change, status, kind", [
    ({}, 200, None),
    ({"areas": [{"country": "DE", "per_s": 1.5}]}, 200, None),
    ({"boot_epoch": 0}, 400, "out-of-range"),
    ({"version": None}, 400, "wrong-type"),
    ({"queries_total": -1}, 400, "out-of-range"),
    ({"areas": {}}, 400, "wrong-type"),
    ({"areas": [{"per_s": 1}] * 257}, 400, "too-long"),
    ({"areas": [{"country": "de", "per_s": 1}]}, 400, "out-of-range"),
    ({"sites": [{"service": "im", "region": "EU", "per_s": 1}]}, 400,
     "out-of-range"),
    ({"sites": [{"service": "im", "region": "eu"}]}, 400, "missing-field"),
    ({"planet": "earth"}, 400, "unknown-field"),
])
def test_reports_are_checked(registry, change, status, kind):
    answer = http_call(registry.ports["nodes"], "POST",
                       "/v1/balancers/b1/report", {**REPORT, **change})
    assert answer.status == status, answer.body
    if kind:
        assert answer.json()["type"] == f"urn:perihelion:{kind}"
        assert metrics(registry.ports["admin"])[
            f'peri_registry_refused_total{{reason="{kind}"}}'] == 1


def test_too_many_balancers(registry):
    port = registry.ports["nodes"]
    for i in range(256):
        assert http_call(port, "POST", f"/v1/balancers/b{i}/report",
                         REPORT).status == 200
    answer = http_call(port, "POST", "/v1/balancers/b256/report", REPORT)
    assert answer.status == 503
    assert answer.json()["type"] == "urn:perihelion:too-many-balancers"
    # Those that are known go on.
    assert http_call(port, "POST", "/v1/balancers/b255/report",
                     REPORT).status == 200
    assert http_call(port, "POST", "/v1/balancers/B!/report",
                     REPORT).status == 400
    assert http_call(port, "DELETE", "/v1/balancers").status == 405

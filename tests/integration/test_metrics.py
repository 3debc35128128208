"""What the daemons say under /metrics: promtool finds nothing to say against
it, Debian's prometheus scrapes it and answers for every metric that operators
were promised, and the files in deploy/prometheus/ fit it."""
import json
import os
import re
import shutil
import socket
import subprocess
import urllib.parse

import pytest

from harness import ROOT, http_call, until

DEPLOYED = os.path.join(ROOT, "deploy", "prometheus")
CITIES = os.path.join(ROOT, "tests", "data", "mmdb", "standard24.mmdb")
NODES = {"n-1": "eu", "n-2": "us"}

# What was promised, in words, and the series that keep it.
PROMISED = {
    "build info": ("peri_build_info",),
    "resolve requests": ("peri_resolve_requests_total",),
    "resolve duration": ("peri_resolve_duration_seconds_count",),
    "first choices": ("peri_resolve_first_choice_total",),
    "spill": ("peri_resolve_spill_total",),
    "excluded by reason": ("peri_balancer_nodes_excluded",),
    "distance": ("peri_resolve_distance_meters_count",),
    "geo look-ups": ("peri_resolve_places_total",),
    "database age": ("peri_balancer_geo_database_age_seconds",),
    "nodes by state": ("peri_registry_nodes", "peri_balancer_nodes",
                       "peri_region_nodes"),
    "region connections": ("peri_region_connections",),
    "region capacity": ("peri_region_capacity",),
    "region utilisation": ("peri_region_utilisation_ratio",),
    "region weight": ("peri_region_weight",),
    "node connections": ("peri_node_connections",),
    "node capacity": ("peri_node_capacity",),
    "node utilisation": ("peri_node_utilisation_ratio",),
    "node weight": ("peri_node_weight",),
    "leases": ("peri_registry_registrations_total", "peri_agent_lease_state"),
    "renewals": ("peri_registry_renewals_total",),
    "expiries": ('peri_registry_transitions_total{to="down"}',),
    "intents": ("peri_registry_intents",),
    "snapshot age": ("peri_balancer_snapshot_age_seconds",),
    "store": ("peri_registry_store_up",
              "peri_registry_store_latency_seconds_count"),
    "HTTP requests": ("peri_http_requests_total",),
    "rejections": ("peri_http_rejected_total", "peri_registry_refused_total",
                   "peri_resolve_refusals_total"),
    "event-loop lag": ("peri_event_loop_lag_seconds",),
    "sessions": ("peri_comet_sessions",),
    "auth results": ("peri_comet_auth_total",),
    "close reasons": ("peri_comet_closed_total",),
    "heartbeats": ("peri_comet_heartbeats_total",),
    "drain progress": ("peri_comet_drain_progress_ratio",),
    "history": ("peri_registry_history_up", "peri_registry_events_total"),
}


def grafana_panels():
    with open(os.path.join(ROOT, "deploy", "grafana", "perihelion.json"),
              encoding="utf-8") as file:
        return json.load(file)["panels"]


def tool(name):
    path = shutil.which(name)
    assert path, f"there is no {name}: deploy/deps.sh test installs prometheus"
    return path


@pytest.fixture
def daemons(fleet, tmp_path):
    """A registry, a balancer and two comets; name to admin port."""
    registry = fleet.start(
        "peri-registry", "--listen-nodes=127.0.0.1:0",
        "--listen-admin=127.0.0.1:0", f"--state-dir={tmp_path / 'r'}",
        "--allow-private-addresses=yes", wait_for=("nodes", "admin"))
    url = f"http://127.0.0.1:{registry.ports['nodes']}"
    balancer = fleet.start(
        "peri-balancer", "--listen-public=127.0.0.1:0",
        "--listen-admin=127.0.0.1:0", f"--state-dir={tmp_path / 'b'}",
        f"--registry={url}", f"--geo-databases={CITIES}",
        wait_for=("public", "admin"))
    ports = {"peri-registry": registry.ports["admin"],
             "peri-balancer": balancer.ports["admin"]}
    for node, region in NODES.items():
        agent = fleet.start(
            "comet-agent", f"--node-id={node}", f"--region={region}",
            "--lat=50.1", "--lon=8.7", "--service=im", "--addrs=127.0.0.1",
            "--listen-tcp=127.0.0.1:0", "--listen-admin=127.0.0.1:0",
            f"--registry={url}", "--auth-mode=open", "--lease-ttl=2s",
            "--drain=100ms", wait_for=("tcp", "admin"))
        ports["comet-agent " + node] = agent.ports["admin"]
    until(lambda: len(http_call(balancer.ports["public"], "GET", "/resolve")
                      .json().get("nodes", [])) == 2, what="both nodes")
    return ports


def exposition(port):
    answer = http_call(port, "GET", "/metrics")
    assert answer.status == 200
    return answer.body.decode()


def test_promtool_has_nothing_to_say(daemons):
    for name, port in daemons.items():
        done = subprocess.run([tool("promtool"), "check", "metrics"],
                              input=exposition(port), capture_output=True,
                              text=True, timeout=30)
        assert done.returncode == 0 and not done.stderr, \
            f"{name}: {done.stdout}{done.stderr}"


def test_every_documented_metric_is_there_and_no_other(daemons):
    with open(os.path.join(ROOT, "docs", "METRICS.md"),
              encoding="utf-8") as file:
        chapters = re.split(r"^## ", file.read(), flags=re.M)[1:]
    for chapter in chapters:
        program = chapter.split("\n", 1)[0]
        port = next(port for name, port in daemons.items()
                    if name.split()[0] == program)
        said = set(re.findall(r"^# TYPE (\S+)", exposition(port), re.M))
        assert said == set(re.findall(r"^\| `(\w+)`", chapter, re.M)), program


def test_a_node_beyond_metrics_nodes_has_no_series(fleet, tmp_path):
    registry = fleet.start(
        "peri-registry", "--listen-nodes=127.0.0.1:0",
        "--listen-admin=127.0.0.1:0", f"--state-dir={tmp_path / 'r'}",
        "--allow-private-addresses=yes", "--metrics-nodes=2",
        wait_for=("nodes", "admin"))
    for number in range(3):
        answer = http_call(
            registry.ports["nodes"], "PUT", f"/v1/nodes/n-{number}",
            {"service": "im", "region": "eu", "lat": 50, "lon": 8,
             "addrs": ["127.0.0.1"], "ports": {"tcp": 3101}, "capacity": 10,
             "boot_epoch": 1})
        assert answer.status == 201
    text = exposition(registry.ports["admin"])
    assert re.findall(r'^peri_node_weight\{.*node="(\S+)"\}', text, re.M) == [
        "n-0", "n-1"]
    assert "\nperi_node_series_left_out 1\n" in text
    assert '\nperi_region_weight{region="eu"} 300\n' in text


class Prometheus:
    def __init__(self, folder, ports):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({  # YAML is a superset of JSON
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s",
                       "evaluation_interval": "1s"},
            "rule_files": [os.path.join(DEPLOYED, "alerts.yml")],
            "scrape_configs": [
                {"job_name": name.split()[0] + "-" + str(port),
                 "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                for name, port in ports.items()]}))
        self.log = open(folder / "prometheus.log", "wb")
        self.process = subprocess.Popen(
            [tool("prometheus"), f"--config.file={config}",
             f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log, cwd=folder)

    def query(self, expression):
        try:
            answer = http_call(self.port, "GET", "/api/v1/query?query=" +
                               urllib.parse.quote(expression))
        except OSError:
            return []
        return answer.json()["data"]["result"] if answer.status == 200 else []

    def get(self, path):
        return http_call(self.port, "GET", path).json()["data"]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture
def prometheus(daemons, tmp_path):
    server = Prometheus(tmp_path, daemons)
    yield server
    server.stop()


def test_prometheus_answers_for_every_promise(prometheus, daemons):
    until(lambda: len(prometheus.query("up == 1")) == len(daemons), 40,
          "every daemon scraped")
    for words, queries in PROMISED.items():
        for query in queries:
            until(lambda query=query: prometheus.query(query), 10,
                  f"{words}: {query}")
    for panel in grafana_panels():  # each is understood, empty or not
        for target in panel["targets"]:
            answer = http_call(
                prometheus.port, "GET", "/api/v1/query?query=" +
                urllib.parse.quote(target["expr"]))
            assert answer.status == 200, f"{panel['title']}: {answer.body}"
    programs = {row["metric"]["program"]
                for row in prometheus.query("peri_build_info")}
    assert programs == {"peri-registry", "peri-balancer", "comet-agent"}
    assert {row["metric"]["node"] for row in
            prometheus.query("peri_node_capacity")} == set(NODES)
    # the rules are in force and none of them is broken
    groups = prometheus.get("/api/v1/rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 10
    until(lambda: all(
        rule["health"] == "ok"
        for group in prometheus.get("/api/v1/rules")["groups"]
        for rule in group["rules"]), 40, "all rules evaluated")


def test_rules_and_configuration_are_good(tmp_path):
    for what, name in (("config", "prometheus.yml"), ("rules", "alerts.yml")):
        done = subprocess.run([tool("promtool"), "check", what, name],
                              capture_output=True, text=True, cwd=DEPLOYED,
                              timeout=30)
        assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run([tool("promtool"), "test", "rules",
                           "alerts_test.yml"], capture_output=True, text=True,
                          cwd=DEPLOYED, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_panels_name_only_metrics_that_exist():
    with open(os.path.join(ROOT, "docs", "METRICS.md"),
              encoding="utf-8") as file:
        known = set(re.findall(r"^\| `(\w+)`", file.read(), re.M))
    texts = [json.dumps(grafana_panels())]
    for name in ("alerts.yml", "alerts_test.yml"):
        with open(os.path.join(DEPLOYED, name), encoding="utf-8") as file:
            texts.append(file.read())
    for metric in set(re.findall(r"\bperi_\w+", " ".join(texts))):
        assert metric in known or re.sub(
            r"_(bucket|sum|count)$", "", metric) in known, metric

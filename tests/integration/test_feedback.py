"""What clients report with failed=: a comet that hangs leaves first places long
before its lease ends, stays at the end of lists, and comes back. Real daemons;
the clients come from addresses of their own in 127.0.0.0/8."""
import contextlib
import http.client
import json
import signal
import socket
import struct
import time

import pytest

from harness import PATIENCE, http_call, metrics, run_tool, until

HOST = "im.example.com"
AUTH = struct.pack(">IHHiI", 18, 16, 1, 7, 0) + b"{}"


class Site:
    """A registry, a balancer and comets of one site, one address each."""

    def __init__(self, fleet, count):
        self.registry = fleet.start(
            "peri-registry", "--listen-nodes=127.0.0.1:0",
            "--listen-admin=127.0.0.1:0", f"--state-dir={fleet.folder}/r",
            "--allow-private-addresses=yes", wait_for=("nodes",))
        url = f"http://127.0.0.1:{self.registry.ports['nodes']}"
        self.agents = {
            f"comet-{i}": self.start_agent(fleet, url, i)
            for i in range(1, count + 1)}
        self.balancer = fleet.start(
            "peri-balancer", "--listen-public=127.0.0.1:0",
            "--listen-admin=127.0.0.1:0", "--balancer-id=b1",
            f"--state-dir={fleet.folder}/b", f"--registry={url}",
            wait_for=("public", "admin"))
        until(lambda: self.metric('peri_balancer_nodes{state="up"}') == count,
              10, f"{count} nodes up")

    @staticmethod
    def start_agent(fleet, url, number):
        """Its lease would take a minute to end."""
        return fleet.start(
            "comet-agent", f"--node-id=comet-{number}", "--region=fra", "--lat=50.1", "--lon=8.7",
            f"--service={HOST}", f"--addrs=127.0.1.{number}",
            f"--listen-tcp=127.0.1.{number}:0", "--listen-admin=127.0.0.1:0",
            f"--registry={url}", "--lease-ttl=60s", "--drain=200ms",
            wait_for=("tcp", "admin"))

    def metric(self, name):
        return metrics(self.balancer.ports["admin"]).get(name, 0)

    def ask(self, network, query=""):
        """From an address in a /24 of its own."""
        link = http.client.HTTPConnection(
            "127.0.0.1", self.balancer.ports["public"], timeout=10 * PATIENCE,
            source_address=(f"127.1.{network}.1", 0))
        with contextlib.closing(link):
            link.request("GET", f"/resolve?n=16{query}")
            answer = link.getresponse()
            body = json.loads(answer.read())
        assert answer.status == 200, body
        return body["nodes"]

    def explain(self, node):
        told = http_call(self.balancer.ports["admin"], "GET",
                         "/explain?ip=127.1.1.1&n=16").json()
        return next(n for n in told["nodes"] + told["excluded"]
                    if n["id"] == node)


def works(node, seconds):
    """Whether it answers an auth frame."""
    with contextlib.suppress(OSError), socket.create_connection(
            (node["ipv4"][0], node["tcp"]), timeout=seconds) as link:
        link.sendall(AUTH)
        return len(link.recv(16)) == 16
    return False


@pytest.fixture
def site(fleet):
    return Site(fleet, 5)


def test_a_hung_comet_leaves_first_places_and_comes_back(site):
    hung = site.agents["comet-3"]
    hung.signal(signal.SIGSTOP)
    began = time.monotonic()
    since_first = took = 0
    for client in range(1, 255):
        first = site.ask(client)[0]
        since_first += 1
        if first["id"] == "comet-3":
            since_first, took = 0, time.monotonic() - began
            if not works(first, 0.05):
                site.ask(client, f"&failed={first['ipv4'][0]}")
        if since_first == 60:
            break
    assert took < 2 * PATIENCE
    assert site.metric("peri_balancer_doubts_total") == 1
    assert site.metric("peri_balancer_nodes_suspect_by_clients") == 1
    assert site.metric("peri_resolve_failed_reports_total") >= 5
    assert [n["id"] for n in site.ask(1)][-1] == "comet-3"  # not gone
    told = site.explain("comet-3")
    assert (told["why"], told["by"], told["p"]) == ("suspect", "clients", 0)
    assert site.metric('peri_balancer_nodes{state="up"}') == 5

    hung.signal(signal.SIGCONT)
    until(lambda: site.ask(1)[0]["id"] == "comet-3", 15, "first again")
    assert time.monotonic() - began > 9
    assert site.metric("peri_balancer_nodes_suspect_by_clients") == 0


def test_reports_that_do_not_count(site):
    for _ in range(10):  # one network, many times
        site.ask(1, "&failed=127.0.1.1")
    for client in range(1, 10):  # nobody's address
        site.ask(client, "&failed=127.0.1.99")
    for client in range(1, 5):  # one too few
        site.ask(client, "&failed=127.0.1.2")
    until(lambda: site.metric(
        "peri_balancer_failed_reports_unknown_total") == 9, 5, "all read")
    assert site.metric("peri_resolve_failed_reports_total") == 23
    assert site.metric("peri_balancer_doubts_total") == 0
    assert site.metric("peri_balancer_nodes_suspect_by_clients") == 0


def test_all_of_a_site_cannot_be_talked_down(site):
    for client in range(1, 20):
        site.ask(client, "&failed=" + ",".join(
            f"127.0.1.{i}" for i in range(1, 6)))
    until(lambda: site.metric("peri_balancer_doubts_total") == 5, 5,
          "all doubted")
    until(lambda: site.metric(
        "peri_balancer_nodes_suspect_by_clients") == 1, 2, "one is suspect")
    firsts = {site.ask(client)[0]["id"] for client in range(200)}
    assert firsts == {f"comet-{i}" for i in range(2, 6)}


def test_our_client_reports_as_soon_as_it_is_up(site):
    """Not with its next question, which may be hours away."""
    site.agents["comet-3"].kill()
    url = f"http://127.0.0.1:{site.balancer.ports['public']}"

    def reported():
        done = run_tool("perictl", "connect", "--host", HOST, "--balancer",
                        url, "--seconds", "1")
        assert done.returncode == 0, done.stdout + done.stderr
        return site.metric("peri_resolve_failed_reports_total") > 0
    until(reported, 60, "a report")
    assert site.metric("peri_balancer_failed_reports_unknown_total") == 0


def test_a_drained_node_is_never_first_after_1500_ms(site):
    """L14: weight 0 by a registration anew, as an agent's own drain does it."""
    agent = site.agents["comet-2"]
    firsts = {n for n in (site.ask(1)[0]["id"] for _ in range(200))}
    assert "comet-2" in firsts
    began = time.monotonic()
    answer = http_call(agent.ports["admin"], "POST", "/v1/drain",
                       {"duration_ms": 60000})
    assert answer.status == 200, answer.body
    last = began
    while time.monotonic() - began < 4 * PATIENCE:
        if site.ask(1)[0]["id"] == "comet-2":
            last = time.monotonic()
    assert last - began < 1.5 * PATIENCE
    assert site.explain("comet-2")["why"] == "drained"
    # Released it is drawn again.
    http_call(agent.ports["admin"], "DELETE", "/v1/drain")
    until(lambda: site.ask(1)[0]["id"] == "comet-2", 10, "first again")

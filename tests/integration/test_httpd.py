"""The HTTP server inside a real daemon: what is refused, how, and what stays
served. tests/unit/lib-net/test_httpd.c has the full tables; this shows that a
daemon's listeners are wired to it."""
import concurrent.futures
import json
import socket

import pytest

from harness import PATIENCE, http_call, metrics, until

HOST = b"Host: a\r\n"


@pytest.fixture
def registry(fleet, tmp_path):
    return fleet.start("peri-registry", "--listen-nodes", "127.0.0.1:0",
                       "--listen-admin", "127.0.0.1:0", "--state-dir",
                       tmp_path / "state", wait_for=["nodes", "admin"])


def exchange(port, sent, end=None, half_close=False):
    """Send raw bytes; everything until `end` has come or the server closes."""
    with socket.create_connection(("127.0.0.1", port),
                                  timeout=10 * PATIENCE) as s:
        s.sendall(sent)
        if half_close:
            s.shutdown(socket.SHUT_WR)
        got = b""
        while end is None or end not in got:
            part = s.recv(65536)
            if not part:
                break
            got += part
        return got


REFUSED = [
    ("no version", b"GET /\r\n\r\n", 400),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("two lengths", b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n"
     b"Content-Length: 2\r\n\r\nx", 400),
    ("length and chunked", b"PUT / HTTP/1.1\r\n" + HOST
     + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400),
    ("a body over the limit", b"PUT / HTTP/1.1\r\n" + HOST
     + b"Content-Length: 99999999\r\n\r\n" + b"x" * 200000, 413),
    ("a long target", b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n", 414),
    ("a long head", b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"x" * 17000,
     431),
    ("many headers", b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 50 + b"\r\n",
     431),
    ("an unknown method", b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
]


@pytest.mark.parametrize("listener", ["nodes", "admin"])
@pytest.mark.parametrize("rule,sent,status", REFUSED,
                         ids=[row[0] for row in REFUSED])
def test_refusals(registry, listener, rule, sent, status):
    answer = exchange(registry.ports[listener], sent)
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close" in head and b"Date: " in head
    assert b"application/problem+json" in head
    problem = json.loads(body)
    assert problem["status"] == status and problem["detail"]
    label = f'{{listener="{listener}",reason="{status}"}}'
    assert metrics(registry.ports["admin"])[
        "peri_http_rejected_total" + label] == 1


def test_half_a_request_is_answered(registry):
    answer = exchange(registry.ports["nodes"], b"GET / HT", half_close=True)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_pipeline(registry):
    """Fifty requests in one write, fifty answers in order."""
    sent = b"".join(b"GET /%s HTTP/1.1\r\n%s\r\n" % (
        b"version" if i % 2 else b"healthz", HOST) for i in range(49))
    got = exchange(registry.ports["admin"], sent + b"GET /version HTTP/1.1\r\n"
                   + HOST + b"Connection: close\r\n\r\n")
    assert got.count(b"HTTP/1.1 200 OK") == 50
    marks = [b'"status"' in part for part in got.split(b"HTTP/1.1 ")[1:]]
    assert marks == [i % 2 == 0 for i in range(49)] + [False]


def test_many_clients_at_once(registry):
    def visit(_):
        return http_call(registry.ports["nodes"], "GET", "/v1/nodes").status

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert set(pool.map(visit, range(200))) == {200}
    name = 'peri_http_requests_total{listener="nodes",code="2xx"}'
    assert metrics(registry.ports["admin"])[name] == 200
    until(lambda: metrics(registry.ports["admin"])[
        'peri_http_connections{listener="nodes"}'] == 0)

"""What the balancer lets in: proxies that speak for others, limits of one
address, clients that are slow on purpose, floods. tests/unit/lib-net and
tests/unit/lib-proto have the full tables; this shows that the daemon's options
reach them and that a well-behaved client is served all the while."""
import json
import socket
import struct

import pytest

from harness import PATIENCE, http_call, metrics, until
from test_balancer import CLIENTS, HOST, World

CALL = f"GET /resolve?host={HOST}%s HTTP/1.1\r\nHost: a\r\n%s\r\n"


@pytest.fixture
def world(fleet, tmp_path):
    """A registry with one node in each of three metros."""
    world = World(fleet, str(tmp_path))
    world.start_registry()
    for metro in CLIENTS:
        world.put(f"{metro}-1", metro)
    return world


def start(world, *args, **kwargs):
    world.start_balancer("--trust-ip-parameter=no", "--workers=1", *args,
                         **kwargs)
    world.wait_nodes(3)


class Client:
    """A raw connection, from an address of one's choice in 127.0.0.0/8."""

    def __init__(self, port, source="127.0.0.1"):
        self.socket = socket.create_connection(
            ("127.0.0.1", port), 10 * PATIENCE, source_address=(source, 0))
        self.got = b""
        self.head = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """The next answer: status, JSON (None if it is none)."""
        while b"\r\n\r\n" not in self.got:
            self.receive()
        head, self.got = self.got.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        length = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length:")][0]
        while len(self.got) < length:
            self.receive()
        body, self.got = self.got[:length], self.got[length:]
        return (int(head.split()[1]),
                json.loads(body) if body.startswith(b"{") else None)

    def receive(self):
        part = self.socket.recv(65536)
        assert part, "closed"
        self.got += part

    def ask(self, query="", headers="", first=b""):
        self.send(first + (CALL % (query, headers)).encode())
        return self.answer()

    def ends(self):
        """What still comes until the server closes; b"" for a reset."""
        got = b""
        try:
            while part := self.socket.recv(65536):
                got += part
        except ConnectionResetError:
            pass
        return got


def is_reset(port, source):
    """Whether a new connection from `source` gets nothing but its end."""
    try:
        with Client(port, source) as client:
            return client.ends() == b""
    except ConnectionResetError:
        return True  # before connect() saw that it had succeeded


def first_node(answer):
    status, body = answer
    assert status == 200, body
    return body["nodes"][0]["id"]


# ---- proxies ----

def v2(source):
    return (b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", 12 + 5)
            + socket.inet_aton(source) + socket.inet_aton("127.0.0.1")
            + struct.pack("!HH", 40000, 8053) + b"\x04\0\x02xy")


def v1(source):
    return f"PROXY TCP4 {source} 127.0.0.1 40000 8053\r\n".encode()


@pytest.mark.parametrize("header", [v1, v2])
def test_proxy_protocol(world, header):
    start(world, "--proxy-protocol=127.0.0.8/29",
          "--trusted-proxies=10.0.0.0/8")
    for metro, address in CLIENTS.items():
        with Client(world.public, "127.0.0.9") as client:
            # All requests of the connection are the client's.
            first = first_node(client.ask(first=header(address)))
            assert first == f"{metro}-1"
            assert first_node(client.ask()) == first
    # Whom it names may be a trusted proxy itself.
    with Client(world.public, "127.0.0.9") as client:
        assert first_node(client.ask(
            headers=f"X-Forwarded-For: {CLIENTS['tyo']}\r\n",
            first=header("10.1.2.3"))) == "tyo-1"
    # It may not speak without, and others may not speak so.
    with Client(world.public, "127.0.0.9") as client:
        assert client.ask()[0] == 400
    with Client(world.public, "127.0.0.1") as client:
        assert client.ask(first=header(CLIENTS["fra"]))[0] == 400
    with Client(world.public, "127.0.0.1") as client:
        assert client.ask()[0] == 200
    name = 'peri_http_proxy_header_errors_total{listener="public"}'
    assert world.metric(name) == 2


def test_forwarded_header(world):
    config = world.folder + "/b.jsonc"
    write_config(config, "forwarded")
    start(world, f"--config={config}")

    def ask(*headers):
        with Client(world.public) as client:
            return client.ask(headers="".join(h + "\r\n" for h in headers))

    fra, tyo = CLIENTS["fra"], CLIENTS["tyo"]
    forwarded = f'Forwarded: for=6.6.6.6, for="{fra}:80";proto=https'
    x_forwarded = f"X-Forwarded-For: {tyo}"
    # One header counts, whichever comes with it.
    assert first_node(ask(forwarded)) == "fra-1"
    assert first_node(ask(x_forwarded, forwarded)) == "fra-1"
    status, body = ask("Forwarded: for=" + fra + ":80")
    assert status == 400 and body["type"].endswith("bad-forwarded-for")
    # SIGHUP changes which.
    write_config(config, "x-forwarded-for")
    world.balancer.signal(1)
    until(lambda: first_node(ask(x_forwarded, forwarded)) == "tyo-1")


def write_config(path, header):
    with open(path, "w", encoding="ascii") as file:
        json.dump({"trusted_proxies": ["127.0.0.1"],
                   "forwarded_header": header}, file)


# ---- limits ----

def rejected(world, reason):
    return world.metric(
        f'peri_http_rejected_total{{listener="public",reason="{reason}"}}')


def refused(world, reason):
    return world.metric(f'peri_resolve_refusals_total{{reason="{reason}"}}')


def test_rate_of_a_network(world):
    start(world, "--rate-limit=1", "--rate-burst=5", "--trusted-proxies="
          "127.0.1.0/24", "--bad-burst=1000")
    # Two addresses of one /24 share its tokens; the limit counts bad queries.
    with Client(world.public, "127.0.2.1") as a, \
            Client(world.public, "127.0.2.200") as b:
        got = [c.ask(q)[0] for c in (a, b) for q in ("", "", "&n=0")]
        assert got[:5] == [200, 200, 400, 200, 200], got
        until(lambda: b.ask()[0] == 429)
        assert "Retry-After: 1\r\n" in b.head
        assert b"application/problem+json" in b.head.encode()
        # Another network is not concerned.
        with Client(world.public, "127.0.3.1") as c:
            assert c.ask()[0] == 200
        # It is over in time, on the same connection.
        until(lambda: b.ask()[0] == 200, 5)
    assert refused(world, "rate_limited") >= 1
    # Behind a proxy each client has his own; the proxy itself has none.
    with Client(world.public, "127.0.1.1") as proxy:
        def behind(client):
            return proxy.ask(headers=f"X-Forwarded-For: {client}\r\n")[0]
        assert {behind(CLIENTS["fra"]) for _ in range(20)} == {200, 429}
        assert behind(CLIENTS["tyo"]) == 200
        assert {proxy.ask()[0] for _ in range(50)} == {200}


def test_claimed_address_does_not_help(world):
    """Who may say any ip= pays himself."""
    start(world, "--trust-ip-parameter=yes", "--rate-limit=1",
          "--rate-burst=5")
    with Client(world.public) as client:
        got = [client.ask(f"&ip=198.51.{i}.7")[0] for i in range(30)]
    assert got[:5] == [200] * 5 and 429 in got


def test_goim_form_is_limited(world):
    start(world, "--rate-limit=1", "--rate-burst=5")
    got = {http_call(world.public, "GET", "/goim/nodes/weighted").status
           for _ in range(20)}
    assert got == {200, 429}


def test_connections_of_an_address(world):
    start(world, "--conns-per-address=10")
    held = [Client(world.public, "127.0.0.66") for _ in range(10)]
    assert all(client.ask()[0] == 200 for client in held)
    for _ in range(5):
        assert is_reset(world.public, "127.0.0.66")
    assert rejected(world, "address_connections") == 5
    with Client(world.public, "127.0.0.67") as other:
        assert other.ask()[0] == 200
    assert all(client.ask()[0] == 200 for client in held)
    held.pop().socket.close()

    def served():
        with Client(world.public, "127.0.0.66") as again:
            return again.ask()[0] == 200
    until(served)
    for client in held:
        client.socket.close()


def test_bad_requests_of_an_address(world):
    """After some the connection is closed and new ones are reset; others of
    the address that behave stay, and it is over in time."""
    start(world, "--bad-rate=1", "--bad-burst=5")
    bad_query = (CALL % ("&hots=x", "")).encode()

    def barred():
        """A second later one more is forgiven: so again, on a slow day."""
        with Client(world.public, "127.0.0.66") as bad:
            bad.send(bad_query * 20)
            assert bad.ends().count(b"HTTP/1.1 400") <= 6
        return is_reset(world.public, "127.0.0.66")

    with Client(world.public, "127.0.0.66") as good:
        assert good.ask()[0] == 200
        until(barred)
        assert rejected(world, "bad_requests") >= 1
        assert rejected(world, "address_barred") >= 1
        assert good.ask()[0] == 200

    def served():
        with Client(world.public, "127.0.0.66") as again:
            return again.ask()[0] == 200
    until(served)

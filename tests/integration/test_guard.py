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

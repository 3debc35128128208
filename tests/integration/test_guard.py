"""What the balancer lets in: proxies that speak for others, limits of one
address, clients that are slow on purpose, floods. tests/unit/lib-net and
tests/unit/lib-proto have the full tables; this shows that the daemon's options
reach them and that a well-behaved client is served all the while."""
import json
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import time

import pytest

from harness import BUILD, PATIENCE, http_call, until
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
    world.balancer.signal(signal.SIGHUP)
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


def test_preflight_is_limited_and_health_is_not(world):
    start(world, "--rate-limit=1", "--rate-burst=5")
    asked = [http_call(world.public, "OPTIONS", "/resolve").status
             for _ in range(20)]
    assert asked[:5] == [204] * 5 and 429 in asked
    assert {http_call(world.public, "GET", "/healthz").status
            for _ in range(20)} == {200}


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


# ---- slow on purpose ----

class Clock:
    """Nothing here waits by the clock: it is asked how long something took."""

    def __init__(self):
        self.began = time.monotonic()

    def elapsed(self):
        return time.monotonic() - self.began


def test_slow_loris(world):
    """Hundreds of heads that never end, byte by byte: each has 408 in its
    time, though bytes kept coming, and a client beside them is served."""
    start(world, "--head-timeout=1s", "--bad-rate=0")
    clock = Clock()
    hogs = [Client(world.public, f"127.0.0.{10 + i % 8}") for i in range(300)]
    for hog in hogs:
        hog.send(b"GET / HTTP/1.1\r\nA: ")
    with Client(world.public) as good:
        def drip():
            for hog in hogs:
                try:
                    hog.send(b"b")
                except OSError:
                    pass  # refused and closed
            assert good.ask()[0] == 200
            return rejected(world, "408") == len(hogs)
        until(drip, 20)
    assert clock.elapsed() >= 1
    for hog in hogs:
        got = hog.ends()
        assert not got or got.startswith(b"HTTP/1.1 408 ")
        hog.socket.close()


def test_slow_body(world):
    start(world, "--head-timeout=500ms")
    with Client(world.public) as slow, Client(world.public) as good:
        slow.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
                  b"Content-Length: 10\r\n\r\n")

        def drip():
            try:
                slow.send(b"x" if drip.sent < 9 else b"")
                drip.sent += 1
            except OSError:
                pass
            assert good.ask()[0] == 200
            return rejected(world, "408") == 1
        drip.sent = 0
        until(drip, 20)
        assert slow.ends().startswith(b"HTTP/1.1 408 ")


def test_silence_and_idleness(world):
    start(world, "--head-timeout=500ms", "--idle-timeout=1s")
    with Client(world.public) as silent, Client(world.public) as idle:
        assert idle.ask()[0] == 200
        clock = Clock()
        assert silent.ends() == b""
        assert idle.ends() == b""
        assert clock.elapsed() >= 0.9
    assert rejected(world, "silent") == rejected(world, "idle") == 1


def test_slow_reader(world):
    """One that asks and does not read: neither memory nor patience without
    end, and its neighbours do not notice."""
    start(world, "--write-timeout=500ms", "--idle-timeout=60s")
    asks = (CALL % ("", "")).encode() * 64
    with Client(world.public) as slow, Client(world.public) as good:
        slow.socket.setblocking(False)

        def push():
            try:
                while True:
                    slow.socket.send(asks)
            except BlockingIOError:
                pass  # the server has stopped reading: backpressure
            except OSError:
                pass  # it has closed
            assert good.ask()[0] == 200
            return rejected(world, "slow_reader") == 1
        until(push, 20)
        with open(f"/proc/{world.balancer.process.pid}/status",
                  encoding="ascii") as file:
            peak = [line for line in file if line.startswith("VmHWM")][0]
        assert int(peak.split()[1]) < 1 << 20  # KiB


# ---- out of something ----

def open_files(world):
    return len(os.listdir(f"/proc/{world.balancer.process.pid}/fd"))


def test_no_descriptors(world):
    """EMFILE: who is connected is served, nothing spins, and all is well when
    others leave."""
    start(world)
    with Client(world.public) as good:
        assert good.ask()[0] == 200
        # Its own admin connections need some; they come and go.
        room = open_files(world) + 20
        resource.prlimit(world.balancer.process.pid, resource.RLIMIT_NOFILE,
                         (room, room))
        hogs = [Client(world.public, "127.0.0.66") for _ in range(100)]
        world.balancer.logged("listener.pause")
        assert open_files(world) <= room
        cpu = cpu_s(world)
        clock = Clock()
        for _ in range(200):
            assert good.ask()[0] == 200
        assert cpu_s(world) - cpu < clock.elapsed() + 0.5
        for hog in hogs:
            hog.socket.close()

        def served():
            with Client(world.public) as new:
                return new.ask()[0] == 200
        until(served)
        assert good.ask()[0] == 200
        assert world.snapshot()["nodes"]["up"] == 3  # admin answers again


def cpu_s(world):
    with open(f"/proc/{world.balancer.process.pid}/stat",
              encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def dial(port, number):
    """A connection that may still be on its way."""
    s = socket.socket()
    s.setblocking(False)
    s.bind((f"127.2.0.{number % 100 + 1}", 0))
    s.connect_ex(("127.0.0.1", port))
    return s


def pending(sockets):
    """Those that the kernel has not let in."""
    poll = select.poll()
    for s in sockets:
        poll.register(s, select.POLLOUT)
    return len(sockets) - len(poll.poll(0))


def test_full_accept_queue(world):
    """While the daemon does not accept, the kernel queues, then drops. When
    it is back, the queue is taken in turns: open connections are not starved,
    everybody is let in."""
    with open("/proc/sys/net/core/somaxconn", encoding="ascii") as file:
        queue = min(int(file.read()), 4096)
    start(world)
    with Client(world.public) as good:
        assert good.ask()[0] == 200
        world.balancer.signal(signal.SIGSTOP)
        try:
            crowd = [dial(world.public, i) for i in range(queue + 200)]
            assert pending(crowd) > 0  # the queue is full
            good.send((CALL % ("", "")).encode())
        finally:
            world.balancer.signal(signal.SIGCONT)
        clock = Clock()
        assert good.answer()[0] == 200
        assert clock.elapsed() < 1 * PATIENCE
        until(lambda: pending(crowd) == 0, 30)
        with Client(world.public) as new:
            assert new.ask()[0] == 200
        assert good.ask()[0] == 200
        for s in crowd:
            s.close()
    name = 'peri_http_connections{listener="public"}'
    until(lambda: world.metric(name) == 0, 30)


# ---- floods ----

def flood(world, kind):
    """tests/bench/flood.c for a second; what it printed."""
    run = subprocess.run(
        [os.path.join(BUILD, "bench", "flood"), "127.0.0.1",
         str(world.public), "1", "40000", "16", "1", kind,
         f"/resolve?host={HOST}"],
        capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return {line.split()[0]: float(line.split()[1])
            for line in run.stdout.splitlines()}


def test_flood(world):
    """The short form of `make bench-flood`, which has the full rate: 16
    addresses offer bad requests, and a client between them has 200 each time,
    99 of 100 within 20 ms. Other tests run on the same cores, so a run that
    they disturbed is tried again."""
    start(world, "--rate-limit=5000")
    for kind in ("query", "malformed", "good", "connect"):
        def undisturbed():
            values = flood(world, kind)
            print(kind, values)
            assert values["client_failed"] == 0
            return max(values["client_p99"],
                       values["client_new_p99"]) < 20 * PATIENCE
        until(undisturbed, 30, f"20 ms beside {kind}")
    assert rejected(world, "address_barred") > 0
    assert rejected(world, "bad_requests") > 0
    assert refused(world, "rate_limited") > 0
    # It is over when it is over.
    until(lambda: http_call(world.public, "GET",
                            f"/resolve?host={HOST}").status == 200)

"""comet-agent with the real registry and raw sockets: the lease's life, goim's
bytes, and every way to be refused with its counter."""
import base64
import contextlib
import hashlib
import hmac
import json
import os
import selectors
import signal
import socket
import struct
import threading
import time

import pytest

from harness import PATIENCE, ROOT, http_call, metrics, until

SECRET = "0123456789abcdef0123456789abcdef"
REGIONS = os.path.join(ROOT, "deploy", "demo", "regions.jsonc")

# Bytes captured from goim's own bench client; see docs/PROTOCOL.md.
GOIM_AUTH = bytes.fromhex(
    "000000650010000100000007000000007b226d6964223a3132332c226b6579223a22222c"
    "22726f6f6d5f6964223a22746573743a2f2f31222c22706c6174666f726d223a22696f73"
    "222c2261636365707473223a5b313030302c313030312c313030325d7d")
GOIM_AUTH_REPLY = bytes.fromhex("00000010001000010000000800000000")
GOIM_BEAT = bytes.fromhex("00000010001000000000000200000001")
GOIM_BEAT_REPLY = bytes.fromhex("0000001400100000000000030000000100000001")


def frame(op, body=b"", seq=0, version=1):
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    return struct.pack(">IHHiI", 16 + len(body), 16, version, op, seq) + body


class Client:
    """A raw socket that speaks frames."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port),
                                               timeout=10 * PATIENCE)

    def send(self, data):
        self.socket.sendall(data)

    def take(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError(f"closed after {data!r}")
            data += piece
        return data

    def frame(self):
        head = self.take(16)
        length, _, _, op, seq = struct.unpack(">IHHiI", head)
        return op, seq, self.take(length - 16)

    def join(self, **body):
        self.send(frame(7, body))
        assert self.frame() == (8, 0, b"")
        return self

    def closed(self):
        """Wait for the end; whatever came before it."""
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := self.socket.recv(4096):
                data += piece
        return data

    def close(self):
        self.socket.close()


def token(claims, header=None, key=SECRET):
    def b64(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    header = header or {"alg": "HS256", "typ": "JWT"}
    proved = (b64(json.dumps(header).encode()) + b"."
              + b64(json.dumps(claims).encode()))
    mac = hmac.new(key.encode(), proved, hashlib.sha256).digest()
    return (proved + b"." + b64(mac)).decode()


def start_registry(fleet, port=0, state="registry", **options):
    args = [f"--{k.replace('_', '-')}={v}" for k, v in options.items()]
    return fleet.start(
        "peri-registry", f"--listen-nodes=127.0.0.1:{port}",
        "--listen-admin=127.0.0.1:0",
        f"--state-dir={os.path.join(str(fleet.folder), state)}",
        f"--regions-file={REGIONS}", "--allow-private-addresses=yes", *args,
        wait_for=("nodes",))


def start_agent(fleet, *urls, node="sha-1", **options):
    options = {"lease_ttl": "2s", "drain": "200ms", **options}
    args = [f"--{k.replace('_', '-')}={v}" for k, v in options.items()]
    return fleet.start(
        "comet-agent", f"--node-id={node}", "--region=cn-shanghai",
        "--addrs=127.0.0.1", "--listen-tcp=127.0.0.1:0",
        "--listen-admin=127.0.0.1:0", "--registry=" + ",".join(urls), *args,
        wait_for=("tcp", "admin"))


def url_of(registry):
    return f"http://127.0.0.1:{registry.ports['nodes']}"


def node_of(registry, node="sha-1"):
    answer = http_call(registry.ports["nodes"], "GET", f"/v1/nodes/{node}")
    return answer.json() if answer.status == 200 else None


def sample(agent, name):
    return metrics(agent.ports["admin"]).get(name, 0)


def has(agent, name, value=1):
    until(lambda: sample(agent, name) == value, 10, f"{name} = {value}")


def closed_for(reason):
    return 'peri_comet_closed_total{reason="%s"}' % reason


def auth_for(verdict):
    return 'peri_comet_auth_total{verdict="%s"}' % verdict


def lease_is(agent, state):
    has(agent, 'peri_agent_lease_state{state="%s"}' % state)


@pytest.fixture
def alone(fleet):
    """An agent whose registry is away: the comet serves all the same."""
    def start(**options):
        return start_agent(fleet, "http://127.0.0.1:1", **options)
    return start


# ---- the lease ----

def test_registers_renews_and_leaves(fleet):
    registry = start_registry(fleet)
    agent = start_agent(fleet, url_of(registry), capacity=77, weight=42,
                        zone="a", labels="rack=7")
    node = until(lambda: node_of(registry), 10, "registered")
    assert node["addrs"] == ["127.0.0.1"]
    assert node["ports"]["tcp"] == agent.ports["tcp"]
    assert (node["capacity"], node["weight"]) == (77, 42)
    assert node["state"] == "up"
    clients = [Client(agent.ports["tcp"]).join(mid=i) for i in range(3)]
    until(lambda: node_of(registry)["conns"] == 3, 10, "conns in a renewal")
    assert node_of(registry)["accepts_total"] == 3
    assert http_call(agent.ports["admin"], "GET", "/readyz").status == 200
    assert agent.stop() == 0
    assert node_of(registry) is None
    for client in clients:
        client.close()


def test_ipv6_is_registered_too(fleet):
    registry = start_registry(fleet)
    start_agent(fleet, url_of(registry), addrs="127.0.0.1,::1")
    node = until(lambda: node_of(registry), 10, "registered")
    assert sorted(node["addrs"]) == ["127.0.0.1", "::1"]


def test_registry_killed_and_back_with_nothing(fleet):
    registry = start_registry(fleet)
    agent = start_agent(fleet, url_of(registry))
    until(lambda: node_of(registry), 10, "registered")
    client = Client(agent.ports["tcp"]).join()
    registry.kill()
    lease_is(agent, "lost")
    client.send(GOIM_BEAT)  # nobody on this node notices
    assert client.frame()[0] == 3
    registry = start_registry(fleet, registry.ports["nodes"], "other")
    until(lambda: node_of(registry), 15, "registered again")
    lease_is(agent, "held")
    assert sample(agent, 'peri_agent_registry_calls_total'
                         '{call="renew",result="unknown"}') >= 1


def test_two_agents_with_one_id(fleet):
    registry = start_registry(fleet)
    older = start_agent(fleet, url_of(registry), conflict_retry="300ms")
    lease_is(older, "held")
    newer = start_agent(fleet, url_of(registry))
    lease_is(newer, "held")
    lease_is(older, "conflict")
    older.logged("lease.conflict node=sha-1")
    older.logged("give this one another --node-id")
    refusal = http_call(older.ports["admin"], "GET", "/readyz")
    assert refusal.status == 503 and b"conflict" in refusal.body
    # It takes nothing from the newer one, not even when it ends.
    assert older.stop() == 0
    assert node_of(registry)["ports"]["tcp"] == newer.ports["tcp"]
    # A third, started later, wins over the second.
    third = start_agent(fleet, url_of(registry))
    lease_is(third, "held")
    lease_is(newer, "conflict")


def test_the_older_one_gets_its_id_back(fleet):
    registry = start_registry(fleet)
    older = start_agent(fleet, url_of(registry), conflict_retry="300ms")
    lease_is(older, "held")
    newer = start_agent(fleet, url_of(registry))
    lease_is(older, "conflict")
    assert newer.stop() == 0
    lease_is(older, "held")
    assert node_of(registry)["ports"]["tcp"] == older.ports["tcp"]


def test_registry_refuses_the_record(fleet):
    registry = start_registry(fleet)
    agent = start_agent(fleet, url_of(registry), region="nowhere")
    has(agent, 'peri_agent_registry_calls_total'
               '{call="register",result="refused"}')
    agent.logged("lease.refused call=register")
    agent.logged("/region")


def test_node_token(fleet):
    registry = start_registry(fleet, node_token="t" * 40)
    wrong = start_agent(fleet, url_of(registry), node="a")
    has(wrong, 'peri_agent_registry_calls_total'
               '{call="register",result="refused"}')
    right = start_agent(fleet, url_of(registry), node="b",
                        registry_token="t" * 40)
    lease_is(right, "held")
    assert right.stop() == 0
    assert node_of(registry, "b") is None
    assert b"t" * 40 not in right.log


@contextlib.contextmanager
def bad_registry(reply):
    """Accepts; says `reply` to each request, or nothing at all."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    over = threading.Event()
    seen, open_ones = [], []

    def serve():
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                connection = listener.accept()[0]
                open_ones.append(connection)
                connection.settimeout(5)
                with contextlib.suppress(OSError):
                    seen.append(connection.recv(65536))
                    if reply:
                        connection.sendall(reply(seen[-1]))
                        connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    finally:
        over.set()
        thread.join()
        for connection in open_ones:
            connection.close()
        listener.close()


def http_answer(body, status="200 OK"):
    return (f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n" + body).encode()


def test_a_registry_that_hangs(fleet):
    registry = start_registry(fleet)
    with bad_registry(None) as (hanging, seen):
        agent = start_agent(fleet, hanging, url_of(registry),
                            registry_timeout="300ms")
        until(lambda: node_of(registry), 10, "registered at the second")
        lease_is(agent, "held")
        assert seen[0].startswith(b"PUT /v1/nodes/sha-1 HTTP/1.1\r\n")


def test_leaving_a_registry_that_hangs(fleet):
    with bad_registry(None) as (hanging, _):
        agent = start_agent(fleet, hanging, registry_timeout="60s")
        client = Client(agent.ports["tcp"]).join()
        began = time.monotonic()
        assert agent.stop() == 0
        assert time.monotonic() - began < 8 * PATIENCE
        client.close()


@pytest.mark.parametrize("answer", [
    http_answer("<html>It works!</html>"),
    http_answer('{"lease":{"ttl_ms":-5}}'),
    http_answer("{}", "500 Internal Server Error"),
    http_answer("{}", "404 Not Found"),
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    b"",
], ids=["html", "range", "500", "404", "ssh", "huge", "close"])
def test_a_registry_that_talks_nonsense(fleet, answer):
    registry = start_registry(fleet)
    with bad_registry(lambda request: answer) as (nonsense, _):
        agent = start_agent(fleet, nonsense, url_of(registry),
                            registry_timeout="500ms")
        until(lambda: node_of(registry), 10, "registered at the second")
        assert agent.process.poll() is None


def test_intent_in_a_renewals_answer(fleet):
    """What an operator's intent will look like on the wire: drain, then up."""
    state = {"is": "drain"}

    def reply(request):
        if request.startswith(b"PUT"):
            return http_answer(
                '{"lease":{"ttl_ms":2000,"renew_ms":200},"revision":1}', "201 Created")
        return http_answer('{"ttl_ms":2000,"renew_ms":200,"intent":'
                           '{"state":"%s","weight":null,"shed_per_min":null,'
                           '"deadline_ms":null}}' % state["is"])

    with bad_registry(reply) as (registry, seen):
        agent = start_agent(fleet, registry)
        has(agent, "peri_comet_draining")
        assert Client(agent.ports["tcp"]).closed() == b""
        has(agent, 'peri_comet_refused_total{reason="draining"}')
        state["is"] = "up"
        has(agent, "peri_comet_draining", 0)
        Client(agent.ports["tcp"]).join().close()
        assert agent.stop() == 0
        assert any(b'"weight":0' in request for request in seen)
        assert seen[-1].startswith(b"DELETE /v1/nodes/sha-1?boot_epoch=")


def test_shedding_picks_by_key_and_stops(fleet):
    """shed_per_min with state up: clients go, each once, new ones are taken."""
    shed = {"pct": 0}

    def reply(request):
        if request.startswith(b"PUT"):
            return http_answer(
                '{"lease":{"ttl_ms":2000,"renew_ms":200},"revision":1}', "201 Created")
        return http_answer('{"ttl_ms":2000,"renew_ms":200,"intent":'
                           '{"state":"up","weight":100,"shed_per_min":%u,'
                           '"deadline_ms":null}}' % shed["pct"])

    def join(number):
        return Client(agent.ports["tcp"]).join(mid=number, key=f"device-{number}")

    def gone():
        return int(sample(agent, "peri_comet_drained_total"))

    with bad_registry(reply) as (registry, _):
        agent = start_agent(fleet, registry)
        clients = [join(i) for i in range(60)]
        shed["pct"] = 100
        until(lambda: gone() >= 5, 20, "some are shed")  # one a second
        Client(agent.ports["tcp"]).join().close()  # others are taken
        assert sample(agent, "peri_comet_draining") == 0
        shed["pct"] = 0
        agent.logged("pct_per_min=0")
        Client(agent.ports["tcp"]).join().close()  # the worker knows, too
        before = gone()
        assert before < 40
        for client in clients:
            client.socket.settimeout(0.02)
            with contextlib.suppress(TimeoutError):
                client.closed()
            client.close()
        assert gone() == before


# ---- frames ----

def test_goims_own_bytes(alone):
    agent = alone()
    client = Client(agent.ports["tcp"])
    client.send(GOIM_AUTH)
    assert client.take(16) == GOIM_AUTH_REPLY
    client.send(GOIM_BEAT)
    assert client.take(20) == GOIM_BEAT_REPLY
    # JavaScript client: the same frames with sequence 1 and version 1.
    other = Client(agent.ports["tcp"])
    other.send(bytes.fromhex("00000062001000010000000700000001")
               + b'{"mid":123, "room_id":"live://1000", "platform":"web",'
                 b' "accepts":[1000,1001,1002]}')
    assert other.take(16).hex() == "00000010001000010000000800000001"
    other.send(bytes.fromhex("00000010001000010000000200000001"))
    assert other.take(20).hex() == "0000001400100001000000030000000100000001"
    assert sample(agent, auth_for("ok")) == 2
    assert sample(agent, 'peri_comet_heartbeats_total{interval="default"}') == 2


def test_byte_by_byte(alone):
    client = Client(alone().ports["tcp"])
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i in range(len(GOIM_AUTH)):
        client.send(GOIM_AUTH[i:i + 1])
    assert client.take(16) == GOIM_AUTH_REPLY
    for i in range(len(GOIM_BEAT)):
        client.send(GOIM_BEAT[i:i + 1])
    assert client.take(20) == GOIM_BEAT_REPLY


def test_other_ops(alone):
    client = Client(alone().ports["tcp"]).join(room_id="live://1")
    client.send(frame(4, b"hello", 9) + frame(10000, b"x", 10)
                + frame(12, b"live://2", 11) + frame(14, b"1000,1001", 12)
                + frame(14, b"garbage", 13) + frame(16, b"1000", 14))
    assert [client.frame() for _ in range(6)] == [
        (4, 9, b""), (10000, 10, b""), (13, 11, b"live://2"),
        (15, 12, b"1000,1001"), (15, 13, b"garbage"), (17, 14, b"1000")]


def test_no_memory_of_others_is_echoed(alone):
    """goim's defect: a frame that claims 4096 bytes and has none."""
    agent = alone()
    other = Client(agent.ports["tcp"]).join(key="SECRET-NEIGHBOUR")
    client = Client(agent.ports["tcp"]).join()
    client.send(struct.pack(">IHHiI", 4112, 16, 1, 12, 1))
    other.send(frame(12, b"SECRET-ROOM"))
    assert other.frame() == (13, 0, b"SECRET-ROOM")
    client.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.take(1)
    client.close()
    has(agent, closed_for("peer"))


@pytest.mark.parametrize("start", [
    struct.pack(">I", 15), struct.pack(">I", 0), struct.pack(">I", 4113),
    struct.pack(">i", -1), struct.pack(">IH", 16, 15),
    struct.pack(">IH", 17, 17), b"GET / HTTP/1.1\r\n\r\n",
    bytes.fromhex("16030102000100"),
], ids=["15", "0", "4113", "negative", "head15", "head17", "http", "tls"])
@pytest.mark.parametrize("joined", [False, True], ids=["before", "after"])
def test_a_length_that_lies(alone, start, joined):
    agent = alone()
    client = Client(agent.ports["tcp"])
    if joined:
        client.join()
    client.send(start)
    assert client.closed() == b""
    has(agent, closed_for("frame"))


def test_auth_comes_first(alone):
    agent = alone()
    for op in (2, 4, 12, 1000):
        client = Client(agent.ports["tcp"])
        client.send(frame(op))
        assert client.closed() == b""
    has(agent, closed_for("unauthenticated"), 4)


def test_auth_in_time(alone):
    agent = alone(auth_timeout="500ms")
    silent, half = (Client(agent.ports["tcp"]) for _ in range(2))
    half.send(GOIM_AUTH[:40])
    assert silent.closed() == b"" and half.closed() == b""
    has(agent, closed_for("auth_timeout"), 2)
    has(agent, 'peri_comet_sessions{state="wait_auth"}', 0)


def test_idle_deadline_of_the_clients_interval(alone):
    agent = alone(idle_min="300ms", heartbeat_grace="0s",
                  heartbeat_max_missed=1)
    client = Client(agent.ports["tcp"]).join()
    client.send(frame(2, struct.pack(">I", 1)))
    assert client.frame()[0] == 3
    began = time.monotonic()
    assert client.closed() == b""
    assert 0.9 < time.monotonic() - began < 5 * PATIENCE
    has(agent, closed_for("idle"))
    has(agent, 'peri_comet_heartbeats_total{interval="declared"}')


def test_too_many_frames(alone):
    agent = alone(frames_per_second=20)
    client = Client(agent.ports["tcp"]).join()
    with contextlib.suppress(OSError):
        client.send(GOIM_BEAT * 100)
    client.closed()
    has(agent, closed_for("rate"))


def test_a_client_that_never_reads(alone):
    agent = alone(frames_per_second=1000000, output_max_bytes=8192)
    client = Client(agent.ports["tcp"]).join()
    client.socket.settimeout(0.5)
    echo = frame(14, b"x" * 4096) * 16
    with contextlib.suppress(OSError):
        for _ in range(2000):
            client.send(echo)
    has(agent, closed_for("overflow"))


def test_auth_bodies(alone):
    agent = alone()
    bodies = [b"", b"123", b"[]", b'{"mid":"1"}', b'{"key":1}', b"{" * 4096]
    for body in bodies:
        client = Client(agent.ports["tcp"])
        client.send(frame(7, body))
        assert client.closed() == b""
    has(agent, auth_for("malformed"), len(bodies))
    client = Client(agent.ports["tcp"])
    client.send(frame(7, {"key": "k" * 65}))
    assert client.closed() == b""
    has(agent, auth_for("too_long"))
    has(agent, closed_for("auth_failed"), len(bodies) + 1)


def good_claims(**more):
    return {"sub": "u1", "exp": int(time.time()) + 60, **more}


@pytest.mark.parametrize("verdict,text", [
    ("no_token", lambda: ""),
    ("token_malformed", lambda: "abc"),
    ("token_malformed", lambda: token({"exp": int(time.time()) + 60})),
    ("token_malformed", lambda: token(good_claims()) + "="),
    ("token_wrong_algorithm", lambda: token(good_claims(), {"alg": "none"})),
    ("token_wrong_algorithm", lambda: token(good_claims(), {"alg": "HS512"})),
    ("token_bad_signature", lambda: token(good_claims(), key="x" * 32)),
    ("token_bad_signature",
     lambda: token(good_claims()).rsplit(".", 1)[0] + "." + "A" * 43),
    ("token_expired", lambda: token({"sub": "u", "exp": 1000})),
    ("token_not_yet", lambda: token(good_claims(nbf=time.time() + 600))),
    ("token_wrong_node", lambda: token(good_claims(nodes=["sha-2"]))),
    ("too_long", lambda: "A" * 2049),
    ("key_mismatch", lambda: token(good_claims(device="other"))),
])
def test_wrong_tokens(alone, verdict, text):
    agent = alone(auth_mode="token", token_secret=SECRET)
    client = Client(agent.ports["tcp"])
    client.send(frame(7, {"mid": 1, "key": "k", "token": text()}))
    assert client.closed() == b""
    has(agent, auth_for(verdict))
    has(agent, closed_for("auth_failed"))


def test_right_tokens(alone):
    agent = alone(auth_mode="token", token_secret=SECRET)
    port, admin = agent.ports["tcp"], agent.ports["admin"]
    device = Client(port).join(
        token=token(good_claims(device="d1", nodes=["sha-1"])))
    found = http_call(admin, "GET", "/v1/sessions?user=u1").json()
    assert [s["key"] for s in found["sessions"]] == ["d1"]
    # An unproved key of another user is not taken away.
    mine = Client(port).join(key="k", token=token(good_claims()))
    thief = Client(port)
    thief.send(frame(7, {"key": "k", "token": token(good_claims(sub="u2"))}))
    assert thief.closed() == b""
    has(agent, auth_for("key_taken"))
    for client in (mine, device):
        client.send(GOIM_BEAT)
        assert client.frame()[0] == 3


def test_auth_reply_with_a_body(alone):
    client = Client(alone(auth_reply_code="yes").ports["tcp"])
    client.send(frame(7, {}, 5))
    assert client.frame() == (8, 5, b'{"code":0}')


# ---- many ----

def test_the_newer_wins(alone):
    agent = alone(workers=2)
    clients = [Client(agent.ports["tcp"]).join(mid=7, key="same")
               for _ in range(20)]
    for client in clients[:-1]:
        assert client.closed() == b""
    clients[-1].send(GOIM_BEAT)
    assert clients[-1].frame()[0] == 3
    has(agent, closed_for("replaced"), 19)
    has(agent, "peri_comet_connections", 1)


def test_capacity_is_refused(alone):
    agent = alone(capacity=5, workers=2)
    inside = [Client(agent.ports["tcp"]).join() for _ in range(5)]
    for _ in range(3):
        assert Client(agent.ports["tcp"]).closed() == b""
    has(agent, 'peri_comet_refused_total{reason="capacity"}', 3)
    inside.pop().close()
    has(agent, "peri_comet_connections", 4)
    inside.append(Client(agent.ports["tcp"]).join())


def test_connections_of_one_address(alone):
    agent = alone(max_conns_per_ip=3)
    inside = [Client(agent.ports["tcp"]).join() for _ in range(3)]
    assert Client(agent.ports["tcp"]).closed() == b""
    has(agent, 'peri_comet_refused_total{reason="per_address"}')
    assert len(inside) == 3


def test_five_hundred_clients(alone):
    """All at once, each with its own beats, all in one room."""
    count, beats = 500, 5
    agent = alone(workers=2, frames_per_second=1000)
    selector = selectors.DefaultSelector()
    left = {}
    for i in range(count):
        client = Client(agent.ports["tcp"])
        client.send(frame(7, {"mid": i + 1, "room_id": "live://1"}))
        client.socket.setblocking(False)
        left[client] = [16, 0]  # bytes until the answer is whole, beats
        selector.register(client.socket, selectors.EVENT_READ, client)
    deadline = time.monotonic() + 60 * PATIENCE
    done = 0
    while done < count and time.monotonic() < deadline:
        for key, _ in selector.select(0.2):
            client, state = key.data, left[key.data]
            data = client.socket.recv(state[0])
            assert data, "closed"
            state[0] -= len(data)
            if state[0]:
                continue
            if state[1] == beats:
                selector.unregister(client.socket)
                done += 1
                continue
            state[0], state[1] = 20, state[1] + 1
            client.send(GOIM_BEAT)
    assert done == count
    assert sample(agent, "peri_comet_connections") == count
    assert sample(agent, 'peri_comet_sessions{state="open"}') == count
    assert sample(agent, "peri_comet_rooms") == 1
    beat = 'peri_comet_heartbeats_total{interval="default"}'
    assert sample(agent, beat) == count * beats
    last = next(iter(left))
    last.socket.settimeout(10)
    last.send(GOIM_BEAT)
    assert last.frame() == (3, 1, struct.pack(">I", count))
    for client in left:
        client.close()
    has(agent, "peri_comet_connections", 0)
    has(agent, closed_for("peer"), count)


# ---- operators ----

def test_sessions_are_found_and_kicked(alone):
    agent = alone()
    admin = agent.ports["admin"]
    clients = [Client(agent.ports["tcp"]).join(mid=7, key=f"key/{i}",
                                               platform="web")
               for i in range(2)]
    assert http_call(admin, "GET", "/v1/sessions").json()["connections"] == 2
    found = http_call(admin, "GET", "/v1/sessions?key=key%2F1").json()
    assert found["total"] == 1
    assert found["sessions"][0]["user"] == "7"
    assert found["sessions"][0]["peer"] == "127.0.0.1"
    assert http_call(admin, "GET", "/v1/sessions?user=7").json()["total"] == 2
    assert http_call(admin, "GET", "/v1/sessions?key=x").json()["total"] == 0
    assert http_call(admin, "DELETE", "/v1/sessions/key%2F1").status == 204
    assert clients[1].closed() == b""
    has(agent, closed_for("kicked"))
    for method, path, status in (("DELETE", "/v1/sessions/none", 404),
                                 ("DELETE", "/v1/sessions/%zz", 404),
                                 ("DELETE", "/v1/sessions", 405),
                                 ("GET", "/v1/sessions/none", 405),
                                 ("GET", "/v1/sessions?x=1", 400),
                                 ("GET", "/v1/sessions?key=%zz", 400),
                                 ("GET", "/v1/sessions?key=" + 300 * "k", 400),
                                 ("PUT", "/v1/drain", 405),
                                 ("GET", "/v1/nothing", 404)):
        assert http_call(admin, method, path).status == status, path


def test_drain_by_an_operator(fleet):
    registry = start_registry(fleet)
    agent = start_agent(fleet, url_of(registry), weight=50)
    admin = agent.ports["admin"]
    until(lambda: node_of(registry), 10, "registered")
    clients = [Client(agent.ports["tcp"]).join(caps=["goodbye"])
               for _ in range(10)]
    assert http_call(admin, "POST", "/v1/drain",
                     '{"duration_ms":"x"}').status == 400
    assert http_call(admin, "POST", "/v1/drain",
                     {"duration_ms": 300}).json()["by_admin"]
    for client in clients:
        op, _, body = client.frame()
        assert op == 6 and json.loads(body)["reason"] == "drain"
        client.close()
    until(lambda: node_of(registry)["weight"] == 0, 10, "weight 0")
    has(agent, closed_for("drain"), 10)
    assert Client(agent.ports["tcp"]).closed() == b""
    assert http_call(admin, "GET", "/readyz").status == 503
    assert not http_call(admin, "DELETE", "/v1/drain").json()["draining"]
    until(lambda: node_of(registry)["weight"] == 50, 10, "weight is back")
    Client(agent.ports["tcp"]).join()


def test_sigterm_drains_then_leaves(fleet):
    registry = start_registry(fleet)
    agent = start_agent(fleet, url_of(registry), drain="1500ms")
    until(lambda: node_of(registry), 10, "registered")
    told = Client(agent.ports["tcp"]).join(caps=["goodbye"])
    plain = [Client(agent.ports["tcp"]).join() for _ in range(30)]
    began = time.monotonic()
    agent.signal(signal.SIGTERM)
    until(lambda: node_of(registry)["weight"] == 0, 5, "weight 0 first")
    assert told.frame()[0] == 6
    told.close()
    ends = []
    for client in plain:
        assert client.closed() == b""
        ends.append(time.monotonic() - began)
    assert agent.process.wait(10 * PATIENCE) == 0
    assert ends[-1] - ends[0] > 0.7, "paced, not at once"
    assert node_of(registry) is None
    with pytest.raises(ConnectionRefusedError):
        Client(agent.ports["tcp"])


def test_reload_changes_the_weight(fleet, tmp_path):
    registry = start_registry(fleet)
    config = tmp_path / "agent.jsonc"
    config.write_text('{"weight": 10}')
    agent = start_agent(fleet, url_of(registry), config=config)
    until(lambda: node_of(registry), 10, "registered")
    config.write_text('{"weight": 20}')
    agent.signal(signal.SIGHUP)
    until(lambda: node_of(registry)["weight"] == 20, 10, "the new weight")

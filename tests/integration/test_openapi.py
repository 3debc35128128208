"""docs/openapi.json against the running daemons: every answer that the story
needs has a documented status and fits its schema, field by field."""
import json
import os
import re
import socket

import pytest

from harness import ROOT, http_call, until

with open(os.path.join(ROOT, "docs", "openapi.json"), encoding="utf-8") as f:
    API = json.load(f)

NODE = {"service": "im.test", "region": "eu", "lat": 50.1, "lon": 8.7,
        "addrs": ["127.0.0.9"], "ports": {"tcp": 3101}, "weight": 100,
        "capacity": 1000, "boot_epoch": 1, "zone": "a", "labels": {"k": "v"}}
LOAD = {"boot_epoch": 1, "seq": 1, "conns": 3, "accepts_total": 4,
        "cpu_pct": 1.5, "refused_total": 0}

REPORT = {"boot_epoch": 1, "version": "0.1.0", "queries_total": 5,
          "areas": [{"country": "DE", "cell": 7, "lat": 50.1, "lon": 8.7,
                     "per_s": 1.5}]}

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "integer": int, "number": (int, float), "null": type(None)}


def is_of(value, kind):
    return isinstance(value, TYPES[kind]) and (
        isinstance(value, bool) == (kind == "boolean"))


def mismatch(value, schema, path="$"):
    """The first place where `value` does not fit `schema`, or None."""
    if "$ref" in schema:
        schema = API["components"]["schemas"][schema["$ref"].split("/")[-1]]
    if "oneOf" in schema:
        found = [mismatch(value, one, path) for one in schema["oneOf"]]
        return None if None in found else "; ".join(found)
    kind = schema.get("type")
    if kind and not any(is_of(value, one) for one in
                        (kind if isinstance(kind, list) else [kind])):
        return f"{path}: {value!r} is no {kind}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{path}: {value!r} is not one of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return f"{path}: {value!r} is not like {schema['pattern']}"
    if isinstance(value, dict):
        return mismatch_object(value, schema, path)
    if isinstance(value, list):
        for number, item in enumerate(value):
            found = mismatch(item, schema.get("items", {}),
                             f"{path}[{number}]")
            if found:
                return found
    return None


def mismatch_object(value, schema, path):
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            return f"{path}: lacks {name}"
    for name, member in value.items():
        inner = properties.get(name, schema.get("additionalProperties", {}))
        if inner is False:
            return f"{path}: {name} is not documented"
        found = mismatch(member, inner, f"{path}.{name}")
        if found:
            return found
    return None


def check(port, method, template, path, body=None, headers=None):
    """Call, and hold the answer against the document. Returns the status."""
    answer = http_call(port, method, path, body, headers)
    documented = API["paths"][template][method.lower()]["responses"]
    assert str(answer.status) in documented, \
        f"{method} {path}: {answer.status} {answer.body}"
    content = documented[str(answer.status)].get("content", {})
    kind = answer.headers.get("content-type", "").split(";")[0]
    if content:
        assert kind in content, f"{method} {path}: {kind}"
        schema = content[kind].get("schema")  # a page has none
        found = schema and mismatch(answer.json(), schema)
        assert not found, f"{method} {path}: {found}"
    return answer.status


@pytest.fixture
def story(fleet, tmp_path):
    """A registry with one node and a balancer that knows it."""
    registry = fleet.start(
        "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
        "off", "--state-dir", tmp_path, "--allow-private-addresses", "yes",
        wait_for=["nodes"]).ports["nodes"]
    balancer = fleet.start(
        "peri-balancer", "--listen-public", "127.0.0.1:0", "--listen-admin",
        "127.0.0.1:0", "--state-dir", tmp_path, "--workers", "1",
        "--registry", f"http://127.0.0.1:{registry}",
        wait_for=["public", "admin"]).ports
    return registry, balancer


def test_registry_answers_are_documented(story):
    registry, _ = story
    node = "/v1/nodes/{id}"
    assert check(registry, "PUT", node, "/v1/nodes/n-1", NODE) == 201
    assert check(registry, "PUT", node, "/v1/nodes/n-1", NODE) == 200
    assert check(registry, "PUT", node, "/v1/nodes/n-2",
                 {**NODE, "capacity": 0}) == 400
    assert check(registry, "POST", node + "/renew", "/v1/nodes/n-1/renew",
                 LOAD) == 200
    assert check(registry, "POST", node + "/renew", "/v1/nodes/n-9/renew",
                 LOAD) == 404
    assert check(registry, "POST", node + "/renew", "/v1/nodes/n-1/renew",
                 LOAD) == 409
    assert check(registry, "GET", node, "/v1/nodes/n-1") == 200
    assert check(registry, "GET", node, "/v1/nodes/n-9") == 404
    assert check(registry, "GET", "/v1/nodes", "/v1/nodes?limit=1") == 200
    assert check(registry, "GET", "/v1/nodes", "/v1/nodes?state=odd") == 400
    assert check(registry, "GET", "/v1/regions", "/v1/regions") == 200
    assert check(registry, "GET", "/v1/services", "/v1/services") == 200
    report = "/v1/balancers/{id}/report"
    assert check(registry, "POST", report, "/v1/balancers/b-1/report",
                 REPORT) == 200
    assert check(registry, "POST", report, "/v1/balancers/b-1/report",
                 {}) == 400
    assert check(registry, "GET", "/v1/balancers", "/v1/balancers") == 200
    assert check(registry, "GET", "/v1/balancers", "/v1/balancers?x=1") == 400
    assert check(registry, "DELETE", node,
                 "/v1/nodes/n-1?boot_epoch=1") in (200, 204)


def test_registry_history_is_documented(fleet, tmp_path):
    ports = fleet.start(
        "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
        "127.0.0.1:0", "--state-dir", tmp_path / "r",
        "--allow-private-addresses", "yes",
        wait_for=["nodes", "admin"]).ports
    http_call(ports["nodes"], "PUT", "/v1/nodes/n-1", NODE)
    admin = ports["admin"]
    for path, status in (("/v1/log", 200), ("/v1/log?limit=1", 200),
                         ("/v1/log?kind=odd", 400)):
        assert check(admin, "GET", "/v1/log", path) == status
    until(lambda: http_call(admin, "GET", "/v1/history?target=fleet").status
          == 200, what="the history's file")
    for path, status in (("target=fleet", 200), ("target=node/n-1", 200),
                         ("target=region/eu&span=day", 200),
                         ("target=node/n-9", 404), ("span=day", 400)):
        assert check(admin, "GET", "/v1/history", "/v1/history?" + path
                     ) == status
    for path in ("/v1/events.jsonl", "/v1/events.csv"):
        documented = API["paths"][path]["get"]["responses"]["200"]["content"]
        answer = http_call(admin, "GET", path)
        assert answer.headers["content-type"].split(";")[0] in documented
    lines = http_call(admin, "GET", "/v1/events.jsonl").body.splitlines()
    for line in lines:
        assert not mismatch(json.loads(line),
                            API["components"]["schemas"]["Event"])


def test_registry_intents_are_documented(fleet, tmp_path):
    admin = fleet.start(
        "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
        "127.0.0.1:0", "--state-dir", tmp_path / "r",
        wait_for=["nodes", "admin"]).ports["admin"]
    token = (tmp_path / "r" / "admin.token").read_text().strip()
    headers = {"Authorization": "Bearer " + token,
               "Content-Type": "application/json"}
    wish = {"state": "drain", "reason": "r", "bias_km": 1.5, "for_s": 60}
    one = "/v1/intent/{scope}/{id}"
    for method, path, body, status in (
            ("PUT", "/v1/intent/region/eu", wish, 201),
            ("PUT", "/v1/intent/region/eu", {"reason": "r"}, 200),
            ("PUT", "/v1/intent/region/eu", {}, 400),
            ("PUT", "/v1/intent/zone/eu", wish, 404),
            ("GET", "/v1/intent/region/eu", None, 200),
            ("GET", "/v1/intent/node/eu", None, 404),
            ("DELETE", "/v1/intent/region/eu?reason=r", None, 200),
            ("DELETE", "/v1/intent/region/eu?reason=r", None, 404),
            ("DELETE", "/v1/intent/region/eu", None, 400)):
        assert check(admin, method, one, path, body, headers) == status
    assert check(admin, "PUT", one, "/v1/intent/region/eu", wish) == 401
    http_call(admin, "PUT", "/v1/intent/region/eu", wish, headers)
    for path, status in (("/v1/intents", 200), ("/v1/intents?x=1", 400),
                         ("/v1/audit", 200), ("/v1/audit?after=1", 200),
                         ("/v1/audit?limit=x", 400)):
        assert check(admin, "GET", path.split("?")[0], path) == status


def test_registry_admin_answers_are_documented(fleet, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        asked = probe.getsockname()[1]
    ports = fleet.start(
        "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
        "127.0.0.1:0", "--state-dir", tmp_path / "r", "--balancer-admin",
        f"http://127.0.0.1:{asked}", "--allow-private-addresses", "yes",
        wait_for=["nodes", "admin"]).ports
    admin = ports["admin"]
    token = (tmp_path / "r" / "admin.token").read_text().strip()
    headers = {"Authorization": "Bearer " + token,
               "Content-Type": "application/json"}
    http_call(ports["nodes"], "PUT", "/v1/nodes/n-1", NODE)
    http_call(ports["nodes"], "POST", "/v1/nodes/n-1/renew", LOAD)
    http_call(ports["nodes"], "POST", "/v1/balancers/b-1/report", REPORT)
    for target in ("node/n-1", "region/eu"):
        http_call(admin, "PUT", f"/v1/intent/{target}",
                  {"state": "drain", "reason": "r"}, headers)
    for method, path, body, sent, status in (
            ("GET", "/v1/whoami", None, {}, 200),
            ("GET", "/v1/whoami", None, {"Authorization": "Bearer x"}, 401),
            ("GET", "/v1/state", None, {}, 200),
            ("GET", "/v1/state?x=1", None, {}, 400),
            ("GET", "/v1/state", None, {"Host": "evil.example"}, 421),
            ("POST", "/v1/login", {"token": token}, {}, 200),
            ("POST", "/v1/login", {"token": "x"}, {}, 401),
            ("POST", "/v1/login", {}, {}, 400),
            ("POST", "/v1/login", {"token": token},
             {"Origin": "http://evil.example"}, 403),
            ("POST", "/v1/login-codes", {"role": "viewer"}, headers, 200),
            ("POST", "/v1/login-codes", {"role": "viewer"}, {}, 401),
            ("POST", "/v1/login-codes", {}, headers, 400),
            ("POST", "/v1/logout", {}, headers, 200),
            ("GET", "/v1/events?from=x", None, {}, 400),
            ("GET", "/", None, {}, 200),
            ("GET", "/v1/explain?ip=192.0.2.1", None, {}, 502),
            ("GET", "/v1/preview?drained=eu", None, {}, 502)):
        assert check(admin, method, path.split("?")[0], path, body,
                     sent or None) == status, path


def test_balancer_answers_are_documented(story):
    registry, balancer = story[0], story[1]["public"]
    http_call(registry, "PUT", "/v1/nodes/n-1", NODE)
    until(lambda: http_call(balancer, "GET", "/resolve").json().get("nodes"),
          what="the node in the answer")
    for path, status in (("/resolve", 200), ("/resolve?n=17", 400),
                         ("/resolve?device=d&family=4&n=1", 200),
                         ("/resolve?ip=192.0.2.1", 403),
                         ("/resolve?host=nobody.example", 404)):
        assert check(balancer, "GET", "/resolve", path) == status
    assert check(balancer, "GET", "/goim/nodes/weighted",
                 "/goim/nodes/weighted?platform=web") == 200


def test_balancer_admin_answers_are_documented(story):
    registry, public, admin = story[0], story[1]["public"], story[1]["admin"]
    for node in ("n-1", "n-2"):
        http_call(registry, "PUT", f"/v1/nodes/{node}", NODE)
    until(lambda: len(http_call(public, "GET", "/resolve").json()
                      .get("nodes", [])) == 2, what="the nodes")
    answer = http_call(public, "GET", "/resolve?device=d").json()["id"]
    for path, status in (("/explain?ip=192.0.2.1&device=d&n=1", 200),
                         (f"/explain?id={answer}", 200),
                         (f"/explain?id={answer}&without=n-1", 200),
                         ("/explain?ip=192.0.2.1&drained=eu", 200),
                         ("/explain?ip=192.0.2.1&weight=n-1:1001", 400),
                         ("/explain?ip=192.0.2.1&host=nobody.example", 404),
                         ("/explain?id=zz:9:0000000000000000:0000000", 404)):
        assert check(admin, "GET", "/explain", path) == status
    for query, status in (("drained=eu", 200), ("weight=n-1:50", 200),
                          ("release=n-1", 200), ("release=zone/a", 400),
                          ("bias=eu:20001", 400), ("without=nope", 404)):
        assert check(admin, "GET", "/v1/preview",
                     "/v1/preview?" + query) == status
    assert check(admin, "GET", "/v1/snapshot", "/v1/snapshot") == 200
    assert check(admin, "GET", "/v1/geo", "/v1/geo?ip=192.0.2.1") == 200
    assert check(admin, "GET", "/v1/geo", "/v1/geo") == 400

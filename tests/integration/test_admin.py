"""The registry's admin listener: who may what."""
import gzip
import os
import signal
import stat

import pytest

from harness import ROOT, http_call, until


@pytest.fixture
def registry(fleet, tmp_path):
    """A registry with two people in its tokens_file."""
    tokens = tmp_path / "tokens"
    tokens.write_text("# who may what\nvera viewer vera-0123456789abcdef\n"
                      "otto operator otto-0123456789abcdef\n")
    tokens.chmod(0o600)
    return start(fleet, tmp_path, "--tokens-file", tokens)


def start(fleet, folder, *options):
    return fleet.start(
        "peri-registry", "--listen-nodes", "127.0.0.1:0", "--listen-admin",
        "127.0.0.1:0", "--state-dir", folder / "state",
        "--allow-private-addresses", "yes", *options,
        wait_for=["nodes", "admin"])


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def whoami(registry, headers=None):
    return http_call(registry.ports["admin"], "GET", "/v1/whoami",
                     headers=headers)


def test_everybody_is_who_their_token_says(registry, tmp_path):
    own = (tmp_path / "state" / "admin.token").read_text().strip()
    mode = os.stat(tmp_path / "state" / "admin.token").st_mode
    assert stat.S_IMODE(mode) == 0o600
    for headers, name, role, via in (
            ({}, "", "viewer", "anonymous"),
            (bearer(own), "admin", "admin", "token"),
            (bearer("vera-0123456789abcdef"), "vera", "viewer", "token"),
            (bearer("otto-0123456789abcdef"), "otto", "operator", "token")):
        answer = whoami(registry, headers)
        assert answer.status == 200
        assert answer.json() == {
            "name": name, "role": role, "via": via,
            "may": {"read": True, "operate": role in ("operator", "admin"),
                    "admin": role == "admin"}}
    answer = whoami(registry, bearer("nobody-0123456789abcdef"))
    assert answer.status == 401
    assert answer.json()["type"] == "urn:perihelion:unauthorized"


def test_names_that_point_here_are_not_enough(registry):
    """A page whose own name was made to point here must not read."""
    assert whoami(registry, {"Host": "evil.example"}).status == 421
    assert whoami(registry, {"Host": "localhost:7172"}).status == 200
    assert whoami(registry, {"Host": "[::1]:7172"}).status == 200
    assert whoami(registry, {"Host": "evil.example", **bearer(
        "vera-0123456789abcdef")}).status == 200


def test_metrics_are_for_whom_the_state_is_for(fleet, registry, tmp_path):
    """They name the nodes. What tells nothing of the fleet is everybody's."""
    scraper = bearer("vera-0123456789abcdef")
    (tmp_path / "closed").mkdir()
    closed = start(fleet, tmp_path / "closed", "--anonymous-role", "none")
    own = (tmp_path / "closed" / "state" / "admin.token").read_text().strip()
    for daemon, headers, status in (
            (registry, {}, 200),
            (registry, scraper, 200),
            (registry, {"Host": "evil.example"}, 421),
            (registry, {"Host": "evil.example", **scraper}, 200),
            (registry, bearer("nobody-0123456789abcdef"), 401),
            (closed, {}, 401),
            (closed, bearer(own), 200)):
        for path in ("/metrics", "/v1/state"):
            answer = http_call(daemon.ports["admin"], "GET", path,
                               headers=headers)
            assert answer.status == status, (path, headers)
            assert (b"peri_registry_nodes" in answer.body) == (
                path == "/metrics" and status == 200)
    for path in ("/healthz", "/readyz", "/version"):
        assert http_call(closed.ports["admin"], "GET", path).status == 200


def test_a_token_file_that_others_read_is_refused(fleet, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("vera viewer vera-0123456789abcdef\n")
    tokens.chmod(0o644)
    with pytest.raises(AssertionError, match="others can read it"):
        start(fleet, tmp_path, "--tokens-file", tokens)


DIST = os.path.join(ROOT, "registry", "dashboard", "dist")
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src "
          "'self' data:; connect-src 'self'; base-uri 'none'; form-action "
          "'none'; frame-ancestors 'none'")


def dist(name):
    with open(os.path.join(DIST, name), "rb") as f:
        return f.read()


@pytest.mark.parametrize("path,name,kind", [
    ("/", "index.html", "text/html"), ("/index.html", "index.html",
                                       "text/html"),
    ("/app.js", "app.js", "text/javascript"),
    ("/app.css", "app.css", "text/css"),
    ("/land.json", "land.json", "application/json"),
    ("/LICENSES.txt", "LICENSES.txt", "text/plain")])
def test_the_page_is_inside_the_program(fleet, tmp_path, path, name, kind):
    """Also for somebody without a role: they have to log in somewhere."""
    port = start(fleet, tmp_path, "--anonymous-role", "none").ports["admin"]
    plain = http_call(port, "GET", path)
    assert plain.status == 200 and plain.body == dist(name)
    assert plain.headers["content-type"].split(";")[0] == kind
    assert plain.headers["content-security-policy"] == POLICY
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["referrer-policy"] == "no-referrer"
    packed = http_call(port, "GET", path,
                       headers={"Accept-Encoding": "deflate, gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == dist(name)
    assert packed.headers["etag"] != plain.headers["etag"]
    for accept, etag in (("identity", plain.headers["etag"]),
                         ("gzip", packed.headers["etag"])):
        again = http_call(port, "GET", path, headers={
            "Accept-Encoding": accept, "If-None-Match": f'"x", {etag}'})
        assert again.status == 304 and again.body == b""
        assert again.headers["etag"] == etag
    assert http_call(port, "POST", path).status == 405


def test_ui_dir_serves_a_working_copy(fleet, tmp_path):
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui" / "index.html").write_text("<p>mine")
    port = start(fleet, tmp_path, "--ui-dir", tmp_path / "ui").ports["admin"]
    first = http_call(port, "GET", "/")
    assert first.body == b"<p>mine"
    assert http_call(port, "GET", "/app.js").status == 404
    (tmp_path / "ui" / "index.html").write_text("<p>mine, again")
    again = http_call(port, "GET", "/", headers={
        "If-None-Match": first.headers["etag"]})
    assert again.status == 200 and again.body == b"<p>mine, again"


# ---- logging in ----

def post(port, path, body, headers=None):
    return http_call(port, "POST", path, body, headers)


def own_origin(port):
    return {"Origin": f"http://127.0.0.1:{port}"}


def log_in(port, body):
    """The session's cookie, as a browser would send it back."""
    answer = post(port, "/v1/login", body, own_origin(port))
    assert answer.status == 200, answer.body
    cookie = answer.headers["set-cookie"]
    parts = [part.strip() for part in cookie.split(";")]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(parts)
    assert "Secure" not in parts
    return parts[0], answer.json()


def test_a_token_opens_a_session_until_logout(registry):
    port = registry.ports["admin"]
    cookie, told = log_in(port, {"token": "otto-0123456789abcdef"})
    assert told == {"name": "otto", "role": "operator", "expires_s": 43200}
    assert whoami(registry, {"Cookie": f"a=b; {cookie}"}).json()["name"] == \
        "otto"
    assert whoami(registry, {"Cookie": cookie + "x"}).json()["via"] == \
        "anonymous"
    out = http_call(port, "POST", "/v1/logout", "{}",
                    {"Cookie": cookie, **own_origin(port)})
    assert out.status == 200 and "Max-Age=0" in out.headers["set-cookie"]
    assert whoami(registry, {"Cookie": cookie}).json()["via"] == "anonymous"


def test_a_change_with_a_cookie_comes_from_the_own_page(registry):
    port = registry.ports["admin"]
    cookie, _ = log_in(port, {"token": "otto-0123456789abcdef"})
    for headers, status, kind in (
            ({}, 403, "wrong-origin"),
            ({"Origin": "http://evil.example"}, 403, "wrong-origin"),
            ({"Origin": f"https://127.0.0.1:{port}"}, 403, "wrong-origin"),
            ({"Origin": f"http://127.0.0.1:{port + 1}"}, 403, "wrong-origin"),
            ({"Origin": "null"}, 403, "wrong-origin"),
            ({**own_origin(port), "Content-Type": "text/plain"}, 415,
             "unsupported-media-type")):
        answer = post(port, "/v1/logout", "{}", {"Cookie": cookie, **headers})
        assert answer.status == status, headers
        assert answer.json()["type"] == f"urn:perihelion:{kind}"
    # A token is no cookie: a browser sends it for nobody. An Origin must fit.
    token = bearer("otto-0123456789abcdef")
    assert post(port, "/v1/logout", "{}", token).status == 200
    assert post(port, "/v1/logout", "{}", {
        **token, "Origin": "http://evil.example"}).status == 403
    assert whoami(registry, {"Cookie": cookie}).json()["via"] == "cookie"


def test_a_code_lets_in_once(registry, tmp_path):
    port = registry.ports["admin"]
    own = bearer((tmp_path / "state" / "admin.token").read_text().strip())
    made = post(port, "/v1/login-codes", {"role": "operator", "name": "ann"},
                own)
    assert made.status == 200
    code = made.json()["code"]
    audit = http_call(port, "GET", "/v1/audit",
                      headers=own).json()["audit"]
    assert [(x["action"], x["reason"]) for x in audit] == [
        ("login.code", "operator for ann")]
    assert made.json() == {
        "code": code, "expires_s": 600,
        "url": f"http://127.0.0.1:{port}/#login={code}"}
    cookie, told = log_in(port, {"code": code})
    assert (told["name"], told["role"]) == ("ann", "operator")
    assert whoami(registry, {"Cookie": cookie}).json()["role"] == "operator"
    assert post(port, "/v1/login", {"code": code}).status == 401
    for body, status in (({"role": "root"}, 400), ({"role": "none"}, 400),
                         ({"role": "viewer", "name": "a b"}, 400), ({}, 400),
                         ({"role": "viewer", "more": 1}, 400)):
        assert post(port, "/v1/login-codes", body, own).status == status
    refused = post(port, "/v1/login-codes", {"role": "viewer"},
                   bearer("otto-0123456789abcdef"))
    assert refused.status == 403
    assert "admin" in refused.json()["detail"]
    assert post(port, "/v1/login-codes", {"role": "viewer"}).status == 401


def test_bad_logins(registry):
    port = registry.ports["admin"]
    for body in ({}, {"token": "a" * 20, "code": "b"}, {"token": 5}, "x"):
        assert post(port, "/v1/login", body).status == 400, body
    assert http_call(port, "POST", "/v1/login", "token=x", {
        "Content-Type": "application/x-www-form-urlencoded"}).status == 415
    assert post(port, "/v1/login", {"token": "otto-0123456789abcdef"}, {
        "Origin": "http://evil.example"}).status == 403
    for _ in range(9):
        assert post(port, "/v1/login", {"token": "wrong" * 5}).status == 401
    cookie, _ = log_in(port, {"token": "otto-0123456789abcdef"})
    assert post(port, "/v1/login", {"token": "wrong" * 5}).status == 401
    # From here on nobody can try at this address, in whatever way.
    right = post(port, "/v1/login", {"token": "otto-0123456789abcdef"})
    assert right.status == 429 and right.headers["retry-after"] == "60"
    assert post(port, "/v1/login", {"code": "wrong"}).status == 429
    assert whoami(registry, bearer("otto-0123456789abcdef")).status == 429
    # Who is in stays in.
    assert whoami(registry, {"Cookie": cookie}).json()["name"] == "otto"


def test_who_loses_the_token_loses_the_session(registry, tmp_path):
    port = registry.ports["admin"]
    otto, _ = log_in(port, {"token": "otto-0123456789abcdef"})
    vera, _ = log_in(port, {"token": "vera-0123456789abcdef"})
    (tmp_path / "tokens").write_text("vera viewer vera-0123456789abcdef\n")
    registry.signal(signal.SIGHUP)
    until(lambda: whoami(registry, {"Cookie": otto}).json()["via"] ==
          "anonymous", what="otto is out")
    assert whoami(registry, {"Cookie": vera}).json()["name"] == "vera"
    # A file that is wrong changes nothing.
    (tmp_path / "tokens").write_text("vera\n")
    registry.signal(signal.SIGHUP)
    registry.logged("access.tokens_refused")
    assert whoami(registry, {"Cookie": vera}).json()["name"] == "vera"


def test_behind_a_tls_proxy(fleet, tmp_path):
    port = start(fleet, tmp_path, "--admin-tls", "yes", "--admin-hosts",
                 "fleet.example").ports["admin"]
    token = (tmp_path / "state" / "admin.token").read_text().strip()
    answer = post(port, "/v1/login", {"token": token}, {
        "Host": "fleet.example", "Origin": "https://fleet.example"})
    assert answer.status == 200
    assert "; Secure" in answer.headers["set-cookie"]


def test_no_secret_is_logged(registry, tmp_path):
    port = registry.ports["admin"]
    own = (tmp_path / "state" / "admin.token").read_text().strip()
    code = post(port, "/v1/login-codes", {"role": "admin"},
                bearer(own)).json()["code"]
    cookie, _ = log_in(port, {"code": code})
    post(port, "/v1/login", {"token": "wrong-wrong-wrong-wrong"})
    for secret in (own, code, cookie.split("=")[1], "wrong-wrong"):
        assert secret.encode() not in registry.log


def test_log_ins_are_audited(registry, tmp_path):
    port = registry.ports["admin"]
    cookie, _ = log_in(port, {"token": "otto-0123456789abcdef"})
    post(port, "/v1/login", {"token": "wrong-wrong-wrong-wrong"})
    http_call(port, "POST", "/v1/logout", "{}",
              {"Cookie": cookie, **own_origin(port)})
    rows = http_call(port, "GET", "/v1/audit", headers=bearer(
        "vera-0123456789abcdef")).json()["audit"]
    assert [(row["action"], row["by"], row["from"]) for row in rows] == [
        ("login", "otto", "127.0.0.1"),
        ("login.refused", "anonymous", "127.0.0.1"),
        ("logout", "otto", "127.0.0.1")]

"""The registry's admin listener: who may what."""
import gzip
import os
import stat

import pytest

from harness import ROOT, http_call


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

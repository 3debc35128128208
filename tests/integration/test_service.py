"""What every daemon gets from the service runner: options, exit codes, admin
paths, signals, the service manager. Shown with peri-registry."""
import json
import os
import resource
import signal
import socket

import pytest

from harness import PATIENCE, http_call, metrics, run_tool, until

PROGRAMS = ["peri-registry", "peri-balancer", "comet-agent"]
OPEN = ["--listen-nodes", "127.0.0.1:0", "--listen-admin", "127.0.0.1:0"]


def start(fleet, tmp_path, *args, env=None):
    return fleet.start("peri-registry", *OPEN, "--state-dir",
                       tmp_path / "state", *args, env=env,
                       wait_for=["nodes", "admin"])


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_only_prints(program):
    text = run_tool(program, "--help")
    assert text.returncode == 0 and "--check-config" in text.stdout
    assert "Exit codes" in text.stdout
    text = run_tool(program, "--version")
    assert text.returncode == 0 and text.stdout.startswith(program + " ")
    text = run_tool(program, "--config-markdown")
    assert text.returncode == 0 and "listen_admin" in text.stdout
    text = run_tool(program, "--metrics-markdown")
    assert text.returncode == 0 and "peri_build_info" in text.stdout


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("args", [["--nonsense=1"], ["--config"],
                                  ["--log-level=loud"],
                                  ["--config=/nowhere.jsonc"],
                                  ["--listen-admin=nowhere"]])
def test_wrong_usage(program, args):
    text = run_tool(program, *args)
    assert text.returncode == 2
    assert text.stderr.startswith(program + ": ")


def test_check_and_show(tmp_path):
    good, bad = tmp_path / "good.jsonc", tmp_path / "bad.jsonc"
    good.write_text('// ours\n{"listen_admin": "127.0.0.1:1234",'
                    ' "node_token": "very secret"}')
    bad.write_text('{\n  "listen_admim": "127.0.0.1:1234"\n}')
    text = run_tool("peri-registry", "--check-config", "--config", good)
    assert text.returncode == 0
    text = run_tool("peri-registry", "--show-config", "--config", good)
    assert json.loads(text.stdout)["listen_admin"] == "127.0.0.1:1234"
    assert "very secret" not in text.stdout
    text = run_tool("peri-registry", "--check-config", "--config", bad)
    assert text.returncode == 2
    assert "bad.jsonc:2:" in text.stderr and "listen_admin" in text.stderr


def test_a_listener_that_cannot_open(tmp_path):
    text = run_tool("peri-registry", "--listen-admin=192.0.2.1:7172",
                    "--listen-nodes=127.0.0.1:0", "--state-dir",
                    tmp_path / "state")
    assert text.returncode == 1
    assert "service.cannot_listen option=listen_admin" in text.stderr


def test_admin_paths(fleet, tmp_path):
    admin = start(fleet, tmp_path).ports["admin"]
    assert http_call(admin, "GET", "/healthz").json() == {"status": "ok"}
    ready = until(lambda: http_call(admin, "GET", "/readyz"))
    assert ready.status in (200, 503)
    version = http_call(admin, "GET", "/version").json()
    assert version["program"] == "peri-registry" and version["version"]
    assert http_call(admin, "POST", "/metrics").status == 405
    missing = http_call(admin, "GET", "/nowhere")
    assert missing.status == 404
    assert missing.json()["type"] == "urn:perihelion:not-found"
    head = http_call(admin, "HEAD", "/metrics")
    assert head.status == 200 and head.body == b""
    text = http_call(admin, "GET", "/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = [line.split()[2] for line in text.body.decode().splitlines()
             if line.startswith("# TYPE")]
    assert len(names) == len(set(names)), "a metric is described twice"
    values = metrics(admin)
    assert values["peri_event_loop_lag_seconds"] < 10
    assert values['peri_http_requests_total{listener="admin",code="4xx"}'] == 2


def test_reload(fleet, tmp_path):
    config = tmp_path / "registry.jsonc"
    config.write_text("{}")
    daemon = start(fleet, tmp_path, "--config", config)
    admin = daemon.ports["admin"]
    config.write_text('{"max_nodes": "many"}')
    daemon.signal(signal.SIGHUP)
    daemon.logged("service.reload_failed")
    assert "max_nodes" in daemon.log.decode()
    assert metrics(admin)['peri_config_reloads_total{result="failed"}'] == 1
    config.write_text('{"max_watchers": 5, "store_queue": 99}')
    daemon.signal(signal.SIGHUP)
    until(lambda: metrics(admin)[
        'peri_config_reloads_total{result="ok"}'] == 1)
    assert http_call(admin, "GET", "/healthz").status == 200


def test_stop(fleet, tmp_path):
    for number in (signal.SIGTERM, signal.SIGINT):
        daemon = start(fleet, tmp_path)
        daemon.signal(number)
        daemon.logged("service.end rc=0")
        daemon.process.wait(15 * PATIENCE)  # a second signal would end it
        assert daemon.stop() == 0


def test_broken_pipe_and_file_limit(fleet, tmp_path):
    daemon = start(fleet, tmp_path)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with open(f"/proc/{daemon.process.pid}/limits", encoding="ascii") as f:
        line = next(text for text in f if text.startswith("Max open files"))
    soft = line.split()[3]
    assert soft == ("unlimited" if hard == resource.RLIM_INFINITY
                    else str(hard))
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as f:
        ignored = next(t for t in f if t.startswith("SigIgn")).split()[1]
    assert int(ignored, 16) & 1 << (signal.SIGPIPE - 1)


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_service_manager(fleet, tmp_path, kind):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.settimeout(20)
    if kind == "path":
        address = str(tmp_path / "notify")
        manager.bind(address)
    else:
        address = f"@peri-test-{os.getpid()}"
        manager.bind("\0" + address[1:])
    with manager:
        daemon = start(fleet, tmp_path, env={"NOTIFY_SOCKET": address})
        assert manager.recv(1000) == b"READY=1"
        daemon.signal(signal.SIGHUP)
        assert manager.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert manager.recv(1000) == b"READY=1"
        daemon.signal(signal.SIGTERM)
        assert manager.recv(1000) == b"STOPPING=1"
        assert daemon.stop() == 0

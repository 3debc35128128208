"""Starts the real daemons for the tests: free ports, folders of their own.

Every program logs where it listens ("service.listen name=... port=..."), so
tests ask for port 0 and read the port from the log. Nothing here sleeps for
synchronisation: `until` polls a condition with a deadline.
"""
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("PERI_BUILD", os.path.join(ROOT, "build", "release"))
# Sanitizers slow everything down; deadlines grow, rules stay.
PATIENCE = float(os.environ.get("PERI_TEST_PATIENCE", "1"))
LISTEN = re.compile(
    rb"service\.listen name=(\S+) addr=(\S+) port=(\d+)")


def until(condition, seconds=10.0, what="condition"):
    """Poll `condition` until it gives something true; return that."""
    deadline = time.monotonic() + seconds * PATIENCE
    last = None
    while time.monotonic() < deadline:
        try:
            last = condition()
        except (OSError, http.client.HTTPException) as error:
            last = error
        else:
            if last:
                return last
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what} (last: {last!r})")


class Answer:
    """One HTTP answer, body read."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


def http_call(port, method, path, body=None, headers=None, host="127.0.0.1",
              timeout=10.0):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(host, port,
                                            timeout=timeout * PATIENCE)
    try:
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        sent = {"Content-Type": "application/json"} if body else {}
        sent.update(headers or {})
        connection.request(method, path, body=body, headers=sent)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def metrics(port, host="127.0.0.1"):
    """The samples of /metrics: {'name{labels}': value}."""
    samples = {}
    for line in http_call(port, "GET", "/metrics",
                          host=host).body.decode().splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            samples[name] = float(value)
    return samples


class Daemon:
    """One daemon process; `ports` by listener name once it is up."""

    def __init__(self, program, args, folder, env=None, stdin=None):
        self.program = program
        self.args = [os.path.join(BUILD, "bin", program), *map(str, args)]
        self.folder = str(folder)
        self.env = {**os.environ, **(env or {})}
        self.log = b""
        self.ports = {}
        self.process = None
        self._reader = None

    def start(self, wait_for=()):
        """Start; wait until the listeners named in `wait_for` are open."""
        self.log, self.ports = b"", {}
        self.process = subprocess.Popen(
            self.args, cwd=self.folder, env=self.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        until(lambda: self._has(wait_for), 15,
              f"{self.program} listening on {wait_for}")
        return self

    def _has(self, names):
        if self.process.poll() is not None and not all(
                n in self.ports for n in names):
            self._reader.join(5)  # the last lines of the log
            raise AssertionError(
                f"{self.program} ended with {self.process.returncode}:\n"
                + self.log.decode(errors="replace"))
        return all(n in self.ports for n in names)

    def _read(self):
        for line in self.process.stderr:
            self.log += line
            match = LISTEN.search(line)
            if match:
                self.ports[match[1].decode()] = int(match[3])

    def logged(self, text, seconds=10):
        """Wait until the log contains `text`."""
        until(lambda: text.encode() in self.log, seconds,
              f"{self.program} logs {text!r}:\n{self.log.decode()}")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9: what a crash leaves behind."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        self._join()

    def stop(self, seconds=15):
        """SIGTERM; returns the exit code."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds * PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.program} ignores SIGTERM:\n"
                                     + self.log.decode(errors="replace"))
        self._join()
        return self.process.returncode if self.process else None

    def _join(self):
        if self.process:
            self.process.wait()
            self._reader.join(5)
            self.process.stderr.close()

    def check_clean(self):
        """No sanitizer report in what the daemon wrote."""
        for mark in (b"AddressSanitizer", b"LeakSanitizer", b"runtime error:",
                     b"ThreadSanitizer"):
            assert mark not in self.log, self.log.decode(errors="replace")


class Fleet:
    """Starts daemons and stops all of them at the end of a test."""

    def __init__(self, folder):
        self.folder = folder
        self.daemons = []

    def start(self, program, *args, wait_for=(), env=None):
        daemon = Daemon(program, args, self.folder, env)
        self.daemons.append(daemon)
        return daemon.start(wait_for)

    def stop(self):
        for daemon in reversed(self.daemons):
            if daemon.process and daemon.process.poll() is None:
                daemon.stop()
        for daemon in self.daemons:
            daemon.check_clean()


def run_tool(*args, seconds=30, env=None, stdin=None):
    """Run a program of ours to its end; returns CompletedProcess (text)."""
    program = os.path.join(BUILD, "bin", args[0])
    return subprocess.run([program, *map(str, args[1:])], text=True,
                          capture_output=True, timeout=seconds * PATIENCE,
                          env={**os.environ, **(env or {})}, input=stdin)

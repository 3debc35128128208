"""perictl where it needs no fleet: configuration files, manual pages,
completions, installation."""
import json
import os
import subprocess

import pytest

from harness import BUILD, ROOT, run_tool

DAEMONS = ("peri-registry", "peri-balancer", "comet-agent")


def perictl(*args, **kw):
    done = run_tool("perictl", *args, **kw)
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_config_check_is_the_daemons_own_verdict(tmp_path):
    good = write(tmp_path, "registry.jsonc", '{"ttl": "20s"} // fine')
    bad = write(tmp_path, "balancer.jsonc", '{\n  "worker": 3}')
    agent = write(tmp_path, "x.jsonc", '{"node_id":"a","region":"r"}')
    rows = [
        (["check", good], 0, "configuration is fine", ""),
        (["check", bad], 1, "", "balancer.jsonc:2:3: unknown key"),
        (["check", agent], 2, "", "whose file"),
        (["check", agent, "--for", "agent"], 0, "fine", ""),
        (["check", agent, "--for", "registry"], 1, "", "unknown key"),
        (["check", agent, "--for", "x"], 2, "", "--for takes"),
        (["judge", agent], 2, "", "config check"),
        (["check", tmp_path / "agent.jsonc"], 1, "", "no such file"),
        (["check", "--dir", tmp_path], 1, "fine", "unknown key"),
        (["check", "--dir", tmp_path / "none"], 1, "", "say which file"),
    ]
    for args, code, said, complained in rows:
        done = perictl("config", *args)
        assert done.returncode == code, (args, done)
        assert said in done.stdout and complained in done.stderr, (args, done)


def test_config_show_is_what_the_file_says(tmp_path):
    path = write(tmp_path, "agent.jsonc",
                 '{"node_id":"a","region":"r","lease_ttl":"7s",'
                 '"token_secret":"' + "s" * 40 + '"}')
    # The shell's own variables are perictl's and mean other things here.
    done = perictl("config", "show", path,
                   env={"PERI_REGISTRY": "http://elsewhere:1"})
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["lease_ttl"] == "7s"
    assert shown["registry"] == ["http://127.0.0.1:7171"]
    assert shown["token_secret"] == "***"


@pytest.mark.parametrize("program", DAEMONS)
def test_a_daemons_manual_has_every_option(program):
    manual = run_tool(program, "--manual").stdout
    table = run_tool(program, "--config-markdown").stdout
    options = [line.split("`")[1] for line in table.splitlines()
               if line.startswith("| `")]
    assert len(options) > 10
    for option in options:
        assert f'.It Cm "{option}"' in manual
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "FILES",
                    "EXIT STATUS", "SEE ALSO"):
        assert f".Sh {heading}\n" in manual


def test_perictls_manual_has_every_command():
    manual = perictl("help", "--manual").stdout
    names = [line.split("\t")[0] for line in
             perictl("completion", "words", "--", "").stdout.splitlines()]
    assert "resolve" in names and "config" in names
    for name in names:
        assert f'.Ss "perictl {name}'.replace("-", r"\-") in manual
        assert perictl(name, "--help").returncode == 0


def test_completion_knows_its_shells():
    for shell in ("bash", "zsh", "fish"):
        assert "perictl" in perictl("completion", shell).stdout
    done = perictl("completion", "tcsh")
    assert done.returncode == 2 and "bash, zsh and fish" in done.stderr
    assert perictl("completion").returncode == 2


def test_bash_loads_its_completion():
    script = ('source <(perictl completion bash); COMP_CWORD=1; '
              'COMP_WORDS=(perictl expl); _perictl perictl expl perictl; '
              'echo "${COMPREPLY[@]}"')
    env = {**os.environ,
           "PATH": os.path.join(BUILD, "bin") + ":" + os.environ["PATH"]}
    done = subprocess.run(["bash", "--norc", "-c", script], text=True, env=env,
                          capture_output=True, timeout=30)
    assert (done.stdout, done.stderr) == ("explain\n", "")


def test_install_puts_everything_under_destdir(tmp_path):
    variant = os.path.basename(BUILD)
    done = subprocess.run(
        ["make", "-s", "QUIET=1", f"VARIANT={variant}", "install",
         f"DESTDIR={tmp_path}", "PREFIX=/opt/p"], cwd=ROOT, text=True,
        capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = {os.path.relpath(os.path.join(at, name), tmp_path / "opt/p")
             for at, _, names in os.walk(tmp_path) for name in names}
    assert found == {
        "bin/perictl", *(f"bin/{d}" for d in DAEMONS),
        "share/man/man1/perictl.1",
        *(f"share/man/man8/{d}.8" for d in DAEMONS),
        "share/bash-completion/completions/perictl",
        "share/zsh/site-functions/_perictl",
        "share/fish/vendor_completions.d/perictl.fish",
        "lib/libperihelion.a", "include/perihelion.h"}

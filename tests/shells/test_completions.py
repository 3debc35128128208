"""The completions of perictl, loaded by the shells themselves.

`make lint` runs these: zsh and fish are large for `make test`, which tests
what decides (tests/unit/client-cli/test_complete.c).
"""
import os
import subprocess
import tempfile

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.path.join(os.environ.get(
    "PERI_BUILD", os.path.join(ROOT, "build", "release")), "bin")

# Bash: what readline does with the function that `complete` registered.
BASH = r'''
source <(perictl completion bash)
complete -p perictl >/dev/null || exit 1
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_perictl "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
'''
# Fish answers by itself what Tab would offer.
FISH = r'''
perictl completion fish | source
complete -C "$argv"
'''
# Zsh completes in its line editor only: one that runs on a terminal of zpty,
# where the wanted word appears behind what was typed.
ZSH = r'''
zmodload zsh/zpty || exit 1
zpty inner zsh -f -i
zpty -w inner 'PS1= PROMPT= ; stty -echo; autoload -Uz compinit'
zpty -w inner "$3"
zpty -w inner 'echo READ''Y'
zpty -r -m inner text '*READY*' || exit 1
zpty -w -n inner "$1"$'\t'
until=$((SECONDS + 10)) text=
while ((SECONDS < until)); do
    zpty -r -t inner piece && text+=$piece && [[ $text == *$2* ]] && break
done
print -r -- "$text"
zpty -d inner
'''
# As in a .zshrc, and as `make install` leaves it where zsh looks by itself.
ZSH_LOADS = [
    "compinit -D; source <(perictl completion zsh)",
    "perictl completion zsh >$HOME/_perictl; fpath+=$HOME; compinit -D -u",
]


def shell(*args):
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "PATH": BIN + ":" + os.environ["PATH"],
               "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home,
               "TERM": "dumb"}
        done = subprocess.run(args, capture_output=True, text=True, env=env,
                              timeout=30, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bash(*words):
    return shell("bash", "--norc", "-c", BASH, "perictl", "perictl",
                 *words).split("\n")[:-1]


def fish(line):
    return [found.split("\t")[0]
            for found in shell("fish", "--no-config", "-c", FISH,
                               line).splitlines()]


ROWS = [
    ("a command by its beginning", ["resol"], ["resolve"]),
    ("a command's option", ["resolve", "--fam"], ["--family"]),
    ("an option's choices", ["resolve", "--family", "4"], ["4", "46"]),
    ("a choice after other words",
     ["nodes", "--region", "x", "--output", "j"], ["json"]),
    ("an argument's choices", ["completion", ""], ["bash", "fish", "zsh"]),
    ("a file", ["config", "check", "READM"], ["README.md"]),
    ("nothing fits", ["frobnicate", ""], []),
]


@pytest.mark.parametrize("rule,words,want", ROWS)
def test_bash(rule, words, want):
    assert sorted(w for w in bash(*words) if w) == want, rule


@pytest.mark.parametrize("rule,words,want", ROWS)
def test_fish(rule, words, want):
    assert sorted(fish(" ".join(["perictl", *words]))) == want, rule


@pytest.mark.parametrize("line,want", [
    ("perictl resol", "resolve"),
    ("perictl resolve --fam", "--family"),
    ("perictl config ch", "check"),
    ("perictl config check READM", "README.md"),
])
def test_zsh(line, want):
    for load in ZSH_LOADS:
        assert want in shell("zsh", "-f", "-c", ZSH, "zsh", line, want, load)

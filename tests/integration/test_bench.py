"""What the benchmarks say at their end; nothing is measured here."""
import importlib.util
import os
import shutil
import subprocess

import pytest

from harness import ROOT


def load(path):
    spec = importlib.util.spec_from_file_location("bench_resolve", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RESOLVE = load(os.path.join(ROOT, "tests", "bench", "resolve.py"))


@pytest.mark.parametrize("bar, value, held", [
    ({"most": 0.9}, 0.9, True),
    ({"most": 0.9}, 0.901, False),
    ({"least": 4}, 4, True),
    ({"least": 4}, 3.999, False),
    ({"most": 0}, 0.001, False),
])
def test_a_bar_holds_up_to_its_edge(capsys, bar, value, held):
    verdicts = RESOLVE.Verdicts()
    verdicts.judge("row.figure", value, "x", **bar)
    assert (verdicts.held, verdicts.missed) == (
        (["row.figure"], []) if held else ([], ["row.figure"]))
    assert capsys.readouterr().out.endswith(
        ": held\n" if held else ": MISSED\n")


def test_the_end_counts_the_bars_and_names_the_missed(capsys):
    verdicts = RESOLVE.Verdicts()
    assert verdicts.end() == 0
    verdicts.judge("a.one", 1, "x", most=2)
    verdicts.judge("a.two", 2, "x", most=2)
    assert verdicts.end() == 0
    verdicts.judge("b.three", 3, "x", most=2)
    verdicts.judge("b.four", 4, "us", least=5)
    capsys.readouterr()
    assert verdicts.end() == 1
    assert capsys.readouterr().out.splitlines() == [
        "resolve.bars_held 2 count",
        "resolve.bars_missed 2 count b.three b.four"]


def test_instructions_cannot_be_counted_without_valgrind(tmp_path):
    """An error that says what to do, not a pass."""
    os.symlink(shutil.which("dirname"), tmp_path / "dirname")
    done = subprocess.run(
        ["/bin/bash", "tests/bench/instructions.sh", "build/release"],
        cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True,
        timeout=60)
    assert done.returncode == 1
    assert "valgrind is missing: run deploy/deps.sh" in done.stdout

"""The ranking's simulator as people call it (docs/SIMULATOR.md): each policy
on a small world of their own, and what it refuses."""
import json
import os
import subprocess

import pytest

from harness import BUILD, PATIENCE

WORLD = """{
    "sites": [
        // Frankfurt and Tokyo
        {"id": "fra", "lat": 50.1, "lon": 8.7,
         "capacities": [10000, 10000, 20000]},
        {"id": "tyo", "lat": 35.7, "lon": 139.7,
         "capacities": [10000, 20000, 30000]}],
    "cells": [
        {"lat": 50, "lon": 8, "country": "DE", "weight": 1},
        {"lat": 36, "lon": 140, "country": "JP", "weight": 1}]}
"""
SCENARIO = """{"duration_s": 20, "warmup_s": 5, "rate_per_s": 500, "fill": 0.2}
"""
POLICIES = ("perihelion", "least", "goim", "two-choices", "weighted")


@pytest.fixture
def files(tmp_path):
    """Paths by name: a world, a scenario and what is wrong with others."""
    texts = {
        "world": WORLD, "scenario": SCENARIO,
        "torn": WORLD[:60],
        "misspelt": SCENARIO.replace("warmup_s", "warm_up"),
        "abroad": SCENARIO.replace(
            "}", ', "hot": [{"site": "nyc", "factor": 2}]}')}
    paths = {"missing": str(tmp_path / "missing.json")}
    for name, text in texts.items():
        path = tmp_path / f"{name}.json"
        path.write_text(text, encoding="utf-8")
        paths[name] = str(path)
    return paths


def sim(*args):
    return subprocess.run([os.path.join(BUILD, "sim", "sim"), *args],
                          text=True, capture_output=True, check=False,
                          timeout=60 * PATIENCE)


def figures(files, policy, seed=3):
    run = sim("--world", files["world"], "--scenario", files["scenario"],
              "--policy", policy, "--seed", str(seed), "--json")
    assert (run.returncode, run.stderr) == (0, "")
    return json.loads(run.stdout)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_runs(files, policy):
    """500 clients a second for the 15 s after the warm-up; there is room."""
    got = figures(files, policy)
    assert (got["policy"], got["seed"]) == (policy, 3)
    assert got["world"] == files["world"]
    assert 7000 < got["lists"] < 8000
    assert got["accepted"] == got["lists"]
    assert got["refused"] == got["failed"] == got["extra_km"] == 0
    assert 0.29 < got["utilisation_max"] < 0.5  # 20 % and 10,000 more
    assert 1 <= got["of_end"] <= got["of_peak"] < 2
    assert figures(files, policy) == got
    assert figures(files, policy, seed=4)["lists"] != got["lists"]


def test_policies_differ(files):
    """In what they name: who goes by old connections is uneven."""
    peaks = {p: figures(files, p)["of_peak"] for p in POLICIES}
    assert len(set(peaks.values())) == len(POLICIES)
    for herd in ("least", "goim"):
        assert peaks[herd] > peaks["perihelion"] + 0.1


def test_the_table_and_what_replaces_the_scenario(files):
    run = sim("--world", files["world"], "--scenario", files["scenario"],
              "--policy", "least", "--seed", "7", "--rate", "100",
              "--renew", "2", "--replicas", "3")
    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    assert lines[0] == "policy least, seed 7"
    rows = {line[:34].rstrip(): line[34:].split()[0] for line in lines[1:]}
    assert list(rows) == [
        "OF, overload factor", "highest utilisation",
        "AF p99, arrival factor", "extra km, mean", "lists",
        "refused by full nodes", "failed lists",
        "of clients who lost their node"]
    assert 1300 < int(rows["lists"]) < 1700


@pytest.mark.parametrize("args, says", [
    (["--policy", "best"], '--policy: not "best"'),
    (["--seed", "one"], '--seed: not "one"'),
    (["--replicas", "0"], '--replicas: not "0"'),
    (["--seeds", "0"], '--seeds: not "0"'),
    (["--rate", "-1"], '--rate: not "-1"'),
    (["stray"], 'not an option: "stray"'),
    (["--colour"], "--colour"),
    (["--world"], "--world"),
])
def test_refuses_options(files, args, says):
    """Each with where to read on."""
    run = sim("--world", files["world"], "--scenario", files["scenario"],
              *args)
    assert (run.returncode, run.stdout) == (2, "")
    assert says in run.stderr
    assert "sim --help says how it is used" in run.stderr
    for policy in POLICIES:
        assert policy in sim("--help").stdout


@pytest.mark.parametrize("world, scenario, says", [
    ("missing", "scenario", "missing.json: no such file"),
    ("world", "missing", "missing.json: no such file"),
    ("torn", "scenario", "torn.json:4:12: premature end"),
    ("scenario", "scenario", "/duration_s is not a known field"),
    ("world", "torn", "torn.json:4:12: premature end"),
    ("world", "misspelt", "/warm_up is not a known field"),
    ("world", "abroad", 'the world has no "nyc"'),
])
def test_refuses_files(files, world, scenario, says):
    """With the file's name, and the place in it."""
    run = sim("--world", files[world], "--scenario", files[scenario])
    assert (run.returncode, run.stdout) == (2, "")
    assert says in run.stderr


@pytest.mark.parametrize("args, says", [
    ([], "--world and --scenario, or --accept, are missing"),
    (["--accept", "--only", "L99"], '"L99" is none of L1 to L14'),
    (["--only", "L4"], "--only and --quick go with --accept"),
    (["--quick"], "--only and --quick go with --accept"),
])
def test_refuses_to_run_nothing_or_something_else(args, says):
    run = sim(*args)
    assert (run.returncode, run.stdout) == (2, "")
    assert says in run.stderr

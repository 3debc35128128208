"""The committed databases of the tests are what their script writes."""

import pathlib
import subprocess
import sys

SCRIPT = pathlib.Path(__file__).parents[1] / "data/mmdb/make_mmdb.py"


def test_script_reproduces_the_files():
    done = subprocess.run([sys.executable, SCRIPT, "--check"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_stay_small():
    sizes = [f.stat().st_size for f in SCRIPT.parent.glob("*.mmdb")]
    assert sizes and sum(sizes) < 100_000

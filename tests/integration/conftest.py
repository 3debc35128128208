"""Fixtures of the integration tests."""
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import harness  # noqa: E402

# A shell starts background jobs with SIGINT ignored, and what is ignored stays
# so in all that they start: the programs under test must hear it all the same.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def fleet(tmp_path):
    """Daemons that live for one test; a sanitizer report fails it."""
    fleet = harness.Fleet(tmp_path)
    yield fleet
    fleet.stop()

"""Fixtures of the integration tests."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import harness  # noqa: E402


@pytest.fixture
def fleet(tmp_path):
    """Daemons that live for one test; a sanitizer report fails it."""
    fleet = harness.Fleet(tmp_path)
    yield fleet
    fleet.stop()

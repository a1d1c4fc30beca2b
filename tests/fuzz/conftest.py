"""`make fuzz`: each test of this folder again and again for so many seconds, the seeds named, the memory bounded.

`make test` runs each once.
"""

from __future__ import annotations

import resource
import secrets
import time
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, settings

MEMORY_MB = 256
"""By how much a test's process may grow at its peak, hypothesis' own memory included."""
ROUND = settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test of hypothesis in rounds until its time is over, each round with the next seed."""
    seconds, test = pyfuncitem.config.getoption("fuzz_seconds"), pyfuncitem.obj
    if not seconds or not hypothesis.is_hypothesis_test(test):
        return None
    given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    first, before = pyfuncitem.config.getoption("fuzz_seed") or secrets.randbelow(2**32), _peak_mb()
    settings.register_profile("fuzz", ROUND)
    settings.load_profile("fuzz")
    until, number = time.monotonic() + seconds, first
    while time.monotonic() < until:
        print(f"--fuzz-seed {number}")  # shown when the test fails
        hypothesis.seed(number)(test)(**given)
        number += 1
    grown = _peak_mb() - before
    told = f"seeds {first} to {number - 1}, the process's peak grew by {grown:.0f} MB"
    pyfuncitem.user_properties.append(("fuzzed", told))
    assert grown < MEMORY_MB, told
    return True


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the seeds and the peak of each test that was run by time."""
    for report in [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, ())]:
        for name, told in getattr(report, "user_properties", ()):
            if name == "fuzzed":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {told}")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

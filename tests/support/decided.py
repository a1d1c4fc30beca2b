"""One finished run for the whole folder of tests: it is read, and copied before it is changed."""

from __future__ import annotations

import pytest

from scorer_core.context import RunContext
from scorer_core.steps.collect import collect
from scorer_core.steps.quality_gate import quality_gate
from tests.support.runs import PLANTED_CONFIG, prepare, run_trials, sample_pool


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    """Return a run on a planted pool that the gate decided to publish, and that is not published. Do not change it."""
    context = prepare(tmp_path_factory.mktemp("home"), sample_pool())
    run_trials(context, first=PLANTED_CONFIG, fails=lambda number: number == 5)
    collect(context, None)
    quality_gate(context)
    return context

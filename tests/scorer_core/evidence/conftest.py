"""A searched pool for the tests of the evidence: random labels, forty random trials."""

from __future__ import annotations

import pytest

from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.search.one_lane import search_one_lane
from scorer_core.spec import RunSpec
from tests.support.runs import sample_pool


def searched(pool: Pool, **conf: object) -> list[Trial]:
    """Search a pool and return the trials as the gate is given them."""
    spec = RunSpec.from_conf({"n_trials": 40, "sample_size": 1500, "search": "random", "seed": 5, **conf})
    return [Trial.done(request, evaluation, "a" * 64, "b" * 64) for request, evaluation in search_one_lane(pool, spec)]


@pytest.fixture(scope="session")
def null_pool() -> Pool:
    """A pool whose labels are random."""
    return sample_pool("null", size=4000)


@pytest.fixture(scope="session")
def null_trials(null_pool: Pool) -> list[Trial]:
    """Forty random trials on it, each of 1,500 rows."""
    return searched(null_pool)


@pytest.fixture(scope="session")
def planted_pool() -> Pool:
    """A pool with a planted lift of 4."""
    return sample_pool("planted", size=12_000)


@pytest.fixture(scope="session")
def planted_trials(planted_pool: Pool) -> list[Trial]:
    """A hundred TPE trials on it."""
    return searched(planted_pool, search="tpe", n_trials=100, sample_size=None)

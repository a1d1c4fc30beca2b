"""What the gate's tests build from, and two cases that they share."""

from __future__ import annotations

import pytest

from scorer_core.gate.case import Case
from tests.scorer_core.gate.cases import (
    CONFIGS,
    Configs,
    MakeCase,
    MakeConfig,
    MakePool,
    MakeRules,
    RunTrials,
    make_case,
    make_config,
    make_pool,
    make_rules,
    run_trials,
)


@pytest.fixture(scope="session")
def configs() -> Configs:
    """Six configs; the fourth is the planted one, the last keeps too many rows."""
    return CONFIGS


@pytest.fixture(scope="session")
def config() -> MakeConfig:
    """Build one config."""
    return make_config


@pytest.fixture(scope="session")
def pool() -> MakePool:
    """Build one pool."""
    return make_pool


@pytest.fixture(scope="session")
def rules() -> MakeRules:
    """Build the rules of a run."""
    return make_rules


@pytest.fixture(scope="session")
def trials() -> RunTrials:
    """Score configs on rows."""
    return run_trials


@pytest.fixture(scope="session")
def case() -> MakeCase:
    """Search a pool and collect the gate's case."""
    return make_case


@pytest.fixture(scope="session")
def planted() -> Case:
    """Case of a pool with a lift of 3 inside the planted config's mask."""
    return make_case(make_pool(8000, lift=3.0))


@pytest.fixture(scope="session")
def null() -> Case:
    """Case of a pool whose labels are random."""
    return make_case(make_pool(8000))

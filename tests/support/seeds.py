"""No test searches with a seed that nobody chose: what it finds would differ from one run of the tests to the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scorer_core.engines import traits_of
from scorer_core.spec import RunSpec

_MAY_DRAW = pytest.StashKey[bool]()


@pytest.fixture(scope="session", autouse=True)
def chosen_seeds(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail whoever lets a spec draw its seed in this process, but for tests marked draws_seed."""
    with_seed = RunSpec.with_seed

    def chosen(spec: RunSpec) -> RunSpec:
        drawn = spec.seed is None and not traits_of(spec.search).walks_grid
        if drawn and not request.session.stash.get(_MAY_DRAW, False):
            pytest.fail("this test searches with a seed that nobody chose: give one, or mark the test draws_seed")
        return with_seed(spec)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunSpec, "with_seed", chosen)
        yield


@pytest.fixture(autouse=True)
def drawn_seeds(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test that is marked so draw seeds."""
    stash = request.session.stash
    stash[_MAY_DRAW] = request.node.get_closest_marker("draws_seed") is not None
    yield
    stash[_MAY_DRAW] = False

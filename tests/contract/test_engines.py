"""The contract of a search engine, held by each that samples."""

from __future__ import annotations

from scorer_core.engines import SearchEngine, traits_of
from scorer_core.testing.engines import EngineContract


class TestTpe(EngineContract):
    engine = SearchEngine.TPE


class TestRandom(EngineContract):
    engine = SearchEngine.RANDOM


def test_no_engine_that_samples_is_left_out() -> None:
    held = {suite.engine for suite in EngineContract.__subclasses__()}

    assert held == {engine for engine in SearchEngine if not traits_of(engine).walks_grid}

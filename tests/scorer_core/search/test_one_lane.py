"""A search in memory is a run with one lane, without the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer_core.search.one_lane import search_one_lane
from tests.support.runs import prepare, run_trials, sample_pool


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "n_trials"), [("tpe", 25), ("random", 12)])
@pytest.mark.parametrize("policy", ["max_offset", "keep_fraction"])
def test_it_finds_what_a_run_with_one_lane_finds(tmp_path: Path, engine: str, n_trials: int, policy: str) -> None:
    pool = sample_pool(size=3000)
    context = prepare(tmp_path, pool, search=engine, n_trials=n_trials, sample_size=500, mask_policy=policy)
    run_trials(context, lanes=[("head", 0)])

    searched = search_one_lane(pool, context.spec)

    recorded = [ticket.result for ticket in context.ledger.tickets(context.run_id)]
    assert [result.request for result in recorded if result] == [request.to_json() for request, _ in searched]
    assert [result.evaluation for result in recorded if result] == [told.to_json() for _, told in searched]

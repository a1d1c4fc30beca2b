"""A run asks for its decision before anything is seen; it does not ask where no result could be real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer_core.asking import changes_since
from scorer_core.context import RunContext
from scorer_core.errors import RunError
from scorer_core.gate.changes import Changes
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.ledger.keys import taken
from scorer_core.pool.survivors import Pool
from scorer_core.run.prepared import Prepared
from scorer_core.settings import Settings
from scorer_core.spending import share_of
from tests.support.pools import small_pool
from tests.support.prepared import make_settings, prepared


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def run(settings: Settings, pool: Pool, run_id: str, **conf: Any) -> RunContext:
    return prepared(settings, pool, run_id, **{"search": "random", "seed": 1, "n_trials": 2, **conf})


def why_not(context: RunContext) -> str:
    return Prepared.from_json(context.files.run.read_json()).why_not


WHOLE = small_pool(900)
LESS = WHOLE.rows(np.arange(850))


def test_any_engine_and_seed_asks_for_the_same_decision(settings: Settings) -> None:
    first = run(settings, WHOLE, "one")
    others = [run(settings, WHOLE, "two", seed=2), run(settings, WHOLE, "three", search="tpe", n_trials=5)]

    assert [context.record.decision for context in (first, *others)] == [1, 1, 1]
    (only,) = taken(first.ledger.engine)
    assert (only.run_id, only.alpha_j) == ("one", share_of(0.01, 1))


@pytest.mark.parametrize(
    "other",
    [
        {"pool": LESS},
        {"pool": replace(WHOLE, minority=WHOLE.minority ^ (np.arange(900) == 5))},
        {"pool": replace(WHOLE, trial_number=WHOLE.trial_number + 1)},
        {"mask_policy": "keep_fraction"},
        {"strata": StrataRule.NONE},
    ],
    ids=["fewer rows", "one label", "trials numbered anew", "policy", "strata"],
)
def test_what_is_another_question_takes_the_next_number_for_ever(settings: Settings, other: dict[str, Any]) -> None:
    """α does not start anew when a pool changes by one row, one label, or the numbers of its trials."""
    run(settings, WHOLE, "one")
    changed = settings.model_copy(update={"strata": other.pop("strata", StrataRule.TRIAL)})
    context = run(changed, other.pop("pool", WHOLE), "two", **other)

    assert context.record.decision == 2
    assert [one.alpha_j for one in taken(context.ledger.engine)] == [share_of(0.01, 1), share_of(0.01, 2)]


def test_a_run_that_is_refused_takes_nothing_and_a_retry_nothing_more(settings: Settings) -> None:
    context = run(settings, WHOLE, "one")
    run(settings, WHOLE, "one")
    with pytest.raises(RunError):
        run(settings, LESS, "one")

    assert len(taken(context.ledger.engine)) == 1


def test_a_change_of_alpha_counts_for_later_decisions_alone(settings: Settings) -> None:
    run(settings, WHOLE, "one")
    loose = settings.model_copy(update={"alpha": 0.05})
    context = run(loose, WHOLE, "again")
    run(loose, LESS, "two")

    assert [one.alpha for one in taken(context.ledger.engine)] == [0.01, 0.05]


def test_where_no_result_could_be_real_nothing_is_asked_and_it_is_said_why(settings: Settings) -> None:
    """85 rows with 7 of the minority: whatever a mask keeps, p is 0.59 at best, the whole space paid for."""
    rows = np.arange(85)
    tiny = Pool(rows.astype(np.uint64) * 977, np.isin(rows, range(0, 84, 12)), np.zeros(85, np.int64))
    context = run(settings, tiny, "one")

    assert context.record.decision is None
    assert taken(context.ledger.engine) == []
    assert "85 of its 85 rows, 7 of them minority" in why_not(context)
    assert "the best that they could show is p = 0.59 for 24,264,240 configs" in why_not(context)
    assert why_not(run(settings, WHOLE, "two")) == ""


def test_trials_with_one_label_only_can_show_nothing(settings: Settings) -> None:
    context = run(settings, replace(WHOLE, trial_number=WHOLE.minority.astype(np.int64)), "one")

    assert context.record.decision is None
    assert "0 of its 900 rows, 0 of them minority, are of Step 1 trials with both labels" in why_not(context)


def test_a_pool_that_has_hardly_grown_is_not_decided_where_growth_is_asked_for(settings: Settings) -> None:
    picky = settings.model_copy(update={"min_growth": 0.1})
    run(picky, LESS, "one")
    context = run(picky, WHOLE, "two")
    more = run(picky, small_pool(1_000, seed=8), "three")

    assert context.record.decision is None
    assert why_not(context).startswith("The pool has grown by 5.9% since one was decided before")
    assert more.record.decision == 2
    assert run(settings, WHOLE, "four").record.decision == 3


def test_what_changed_is_known_while_the_earlier_pool_is_kept(settings: Settings) -> None:
    first = run(settings, LESS, "one")
    second = run(settings, WHOLE, "two")
    known = second.ledger, WHOLE, second.record.pool_content, 2

    assert changes_since(*known) == Changes(before=850, added=50, dropped=0, relabelled=0, moved=0)
    assert changes_since(second.ledger, LESS, first.record.pool_content, 1) is None, "it was the first"
    again = run(settings, LESS, "one again")
    first.files.store.remove("pool.npz")
    assert changes_since(*known) is not None, "another run on it is there"
    again.files.store.remove("pool.npz")
    assert changes_since(*known) is None

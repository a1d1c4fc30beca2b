"""The alpha-spending ledger: the j of a decision belongs to what a pool says, not to what it is called."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy.exc import NoResultFound

from scorer_core.ledger.decisions import give_back_decision_number, note_verdict, take_decision_number
from scorer_core.ledger.ledger import Ledger
from scorer_core.ledger.overview import run_overviews
from scorer_core.pool.survivors import content_id, pool_from_columns
from tests.support.pools import small_columns
from tests.support.tickets import Clock, open_run, recorded, result, spec

SPLIT = "seed-hash-70-30"


def decide(ledger: Ledger, run_id: str, content: str = "c" * 64, split: str = SPLIT) -> int:
    open_run(ledger, spec(1), run_id, pool_content=content)
    return take_decision_number(ledger, ledger.run(run_id), split)


def test_each_run_on_a_pool_takes_the_next_number_and_keeps_it(ledger: Ledger) -> None:
    taken = [decide(ledger, name) for name in ("a", "b", "c", "b", "a", "d")]

    assert taken == [1, 2, 3, 2, 1, 4]


def test_another_pool_and_another_split_count_for_themselves(ledger: Ledger) -> None:
    assert decide(ledger, "a") == 1
    assert decide(ledger, "b", content="d" * 64) == 1
    assert decide(ledger, "c", split="another split") == 1
    assert decide(ledger, "d") == 2


def test_a_pool_in_another_order_or_under_another_name_is_the_same_pool(sqlite: Ledger) -> None:
    columns = small_columns()
    order = np.random.default_rng(1).permutation(len(columns["seeds"]))
    shuffled = {name: column[order] for name, column in columns.items()}
    altered = {**columns, "skip_mode": 1 - columns["skip_mode"]}
    contents = [content_id(pool_from_columns(c, where=f"{k}.npz")) for k, c in enumerate([columns, shuffled, altered])]

    assert [decide(sqlite, f"run {k}", content) for k, content in enumerate(contents)] == [1, 2, 1]


def test_a_number_given_back_spends_nothing(ledger: Ledger) -> None:
    decide(ledger, "a")
    decide(ledger, "b")

    give_back_decision_number(ledger, "b")

    assert decide(ledger, "c") == 2


def test_a_number_below_others_is_not_taken_again_when_it_is_given_back(ledger: Ledger) -> None:
    for name in ("a", "b"):
        decide(ledger, name)

    give_back_decision_number(ledger, "a")

    assert decide(ledger, "c") == 3


def test_what_was_never_taken_cannot_be_given_back_or_judged(ledger: Ledger) -> None:
    open_run(ledger, spec(1), "a")

    with pytest.raises(NoResultFound):
        give_back_decision_number(ledger, "a")
    with pytest.raises(NoResultFound):
        note_verdict(ledger, "a", "REJECT")


def test_all_runs_are_seen_at_a_glance_the_newest_first(ledger: Ledger, clock: Clock) -> None:
    open_run(ledger, spec(3), "old", folder="/runs/old")
    clock.advance(1)
    decide(ledger, "new")
    recorded(ledger, result(0, objective=0.1), "old")
    recorded(ledger, result(1, objective=0.3), "old")
    note_verdict(ledger, "new", "REJECT")

    seen = run_overviews(ledger.engine)

    assert [(run.run_id, run.trials_done, run.budget, run.best_objective, run.verdict) for run in seen] == [
        ("new", 0, 1, None, "REJECT"),
        ("old", 2, 3, 0.3, None),
    ]
    assert seen[1].to_json()["created_at"] == "2024-05-06T07:08:09+00:00"
    assert seen[1].folder == "/runs/old"

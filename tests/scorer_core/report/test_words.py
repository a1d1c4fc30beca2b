"""The report speaks of what a run's engine does, and says first what went wrong on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scorer_core.context import RunContext
from scorer_core.engines import SearchEngine
from scorer_core.held import Held, Source
from scorer_core.report.of_the_spec import in_short
from tests.scorer_core.report.test_page import copy_of, page_of

TRIALS_ALONE = ("on its own sample", "A search that learns", "Failed trials", "The first three look at the trials")


def test_a_sweep_is_told_in_words_of_shards(decided: RunContext, tmp_path: Path) -> None:
    spec = decided.spec.model_copy(update={"search": SearchEngine.SWEEP, "sample_size": None, "seed": None})

    page = page_of(decided, copy_of(decided, tmp_path), spec=spec)

    assert [told for told in TRIALS_ALONE if told in page.text] == []
    assert "sweep of all 24,264,240 configs, 20 shards on all rows" in page.text
    for told in ("Shards budget 20", "first shard started", "time in shards, all lanes", "shards in order of finish"):
        assert told in page.text
    assert "sample_size null: all rows" in page.text
    assert "seed null: a sweep draws nothing" in page.text


def test_a_search_that_samples_is_told_in_words_of_trials(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))

    assert "20 trials of a random search among 24,264,240 configs, 2,000 rows each" in page.text
    assert "A search that learns climbs." not in page.text


def test_a_sweep_of_what_is_left_says_of_how_many(decided: RunContext) -> None:
    held = {"residue_mod_1": Held(value=16, source=Source.FIXED)}
    spec = decided.spec.model_copy(update={"search": SearchEngine.SWEEP, "sample_size": None, "held": held})

    told = "sweep of the 1,516,515 configs that fixed_params leave of 24,264,240, 20 shards on all rows"
    assert in_short(spec) == told


@pytest.mark.parametrize(("failed", "told"), [(0, "each was done again in the end"), (2, "2 trials gave no result")])
def test_failed_attempts_are_counted_on_the_first_screen(
    decided: RunContext, tmp_path: Path, failed: int, told: str
) -> None:
    tickets: dict[Any, int] = {**decided.ledger.counts(decided.run_id), "failed": failed}

    page = page_of(decided, copy_of(decided, tmp_path), failed_attempts=7, tickets=tickets)

    first = page.text.partition("Why: the checks")[0]
    assert "7 attempts at a trial failed; " + told in first
    assert "attempts that failed 7" in page.text


def test_nodes_that_were_lost_or_left_out_are_named_on_the_first_screen(decided: RunContext, tmp_path: Path) -> None:
    left = {f"rig-{number}": "numpy is missing. " + "x" * 300 for number in range(7)}

    page = page_of(decided, copy_of(decided, tmp_path), left_out=left)

    first, _, rest = page.text.partition("Why: the checks")
    assert "rig-0 no lane: numpy is missing." in first
    assert "2 more nodes: see Nodes." in first
    assert "x" * 300 not in first
    assert rest.count("x" * 300) == 7


def test_a_run_without_a_mishap_has_nothing_to_tell_of_one(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path), failed_attempts=0)

    assert not [tag for tag, attributes in page.tags if attributes.get("class") == "alerts"]


def test_what_the_checks_saw_has_plain_names(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))

    assert "with a result 19 unaccounted for 0 not asked for 0 completion 95.0%" in page.text
    assert "log10" not in page.text
    assert "10^" not in page.text

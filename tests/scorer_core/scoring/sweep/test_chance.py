"""Given labels permuted within trials: every config is counted, and each permutation is the same wherever it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer_core.errors import RequestError
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.objective import Reason, by_reason
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import objective_params
from scorer_core.scoring.sweep import chance
from scorer_core.scoring.sweep.batches import BATCH, PermutationRequest, batch_count, batch_request
from scorer_core.scoring.sweep.chance import Permutations, best_of_space, permuted_within
from scorer_core.scoring.sweep.grid import Grid, full_grid
from scorer_core.scoring.sweep.layout import SHARE_ONE
from scorer_core.scoring.sweep.rows import Columns, SweepRows
from scorer_core.scoring.sweep.table import load_table, make_table
from scorer_core.scoring.tail import evidence

POLICY = MaskPolicy.MAX_OFFSET
ROWS = 700
HELD = 2**26
GOLDEN = [0.9943634621303445, 0.6245439511664841, 0.20429635706643534]


@lru_cache
def pool(trials: int = 5) -> Pool:
    """A pool of some Step 1 trials with minority shares of their own."""
    rng = np.random.default_rng(3)
    trial = rng.integers(0, trials, ROWS)
    seeds = rng.permutation(np.arange(10**6, 10**6 + 50 * ROWS, 50, dtype=np.uint64)) + trial.astype(np.uint64)
    return Pool(seeds, rng.random(ROWS) < 0.05 + 0.1 * trial, trial)


def few_configs(policy: MaskPolicy) -> Grid:
    """Return a grid of some hundred configs of the space."""
    grid = full_grid(policy)
    for name, count in zip(objective_params(policy), (3, 4, 5, 6), strict=True):
        axis = grid.axis(name)
        grid = grid.with_axis(name, axis[:: -(-len(axis) // count)])
    return grid


@pytest.fixture(autouse=True)
def small_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chance, "full_grid", few_configs)


def rows(policy: MaskPolicy = POLICY) -> SweepRows:
    return SweepRows.of(Columns.of(pool()), policy, HELD)


def one_by_one(columns: Columns, every: Sequence[Any], policy: MaskPolicy) -> list[float]:
    """Return the largest evidence of an accepted config, by its mask alone, with each of some labels."""
    fits = by_reason(np.arange(ROWS + 1), ROWS)[Reason.OK]
    best = [0.0] * len(every)
    for values in product(*few_configs(policy).axes):
        params = dict(zip(objective_params(policy), values, strict=True))
        kept = residue_mask(columns.seeds.astype(np.uint64), params, policy).kept
        if fits[np.count_nonzero(kept)]:
            expected = int(columns.shares[columns.codes[kept]].sum(dtype=np.int64)) / SHARE_ONE
            found = [evidence(int(kept.sum()), int(labels[kept].sum()), expected) for labels in every]
            best = [max(pair) for pair in zip(best, found, strict=True)]
    return best


@pytest.mark.parametrize("policy", MaskPolicy)
@pytest.mark.parametrize("within_trials", [True, False])
def test_the_best_is_what_masks_find_one_by_one(policy: MaskPolicy, within_trials: bool) -> None:
    which = Permutations(9, within_trials, (0, *range(4, 40)))
    found = best_of_space(rows(policy), which, 0.5)

    columns = rows(policy).columns if within_trials else rows(policy).columns.as_one_trial()
    drawn = (np.random.default_rng([9, number]) for number in which.numbers)
    every = [columns.minority, *(permuted_within(columns.codes, columns.minority, rng) for rng in drawn)]
    assert [found.own, *found.permuted] == pytest.approx(one_by_one(columns, every, policy), rel=1e-9)
    assert 0 < found.passing < few_configs(policy).size


def test_these_are_the_numbers_whatever_the_numpy() -> None:
    """The same test runs where numpy is as old as on a rig: head and rigs draw the same permutations."""
    assert list(best_of_space(rows(), Permutations(9, True, range(3))).permuted) == pytest.approx(GOLDEN, rel=1e-9)


def test_a_permutation_is_the_same_alone_and_beside_any_others() -> None:
    alone = [best_of_space(rows(), Permutations(9, True, (number,))).permuted[0] for number in (7, 8, 13)]
    among = best_of_space(rows(), Permutations(9, True, range(2, 15))).permuted

    assert alone == pytest.approx([among[5], among[6], among[11]], rel=1e-9)
    assert len(set(among)) > 8, "is each its own?"
    assert best_of_space(rows(), Permutations(10, True, (7,))).permuted[0] != alone[0]


@pytest.mark.parametrize("within_trials", [True, False])
def test_it_is_the_same_on_a_mapped_table(tmp_path: Path, within_trials: bool) -> None:
    path = tmp_path / "pool.table"
    make_table(path, tmp_path, Columns.of(pool()), POLICY, "a" * 64, lambda _words: None)
    request = PermutationRequest(1, POLICY, 9, within_trials, BATCH, 7)
    mapped = load_table(path, POLICY, "a" * 64)

    found = PoolScorer(mapped.columns, HELD, mapped).permuted(request)

    assert list(found.best) == pytest.approx(list(PoolScorer.of(pool()).permuted(request).best), rel=1e-9)
    assert found.to_json() == {"best": list(found.best)}


def test_labels_stay_within_their_trial() -> None:
    columns = Columns.of(pool())
    labels = permuted_within(columns.codes, columns.minority, np.random.default_rng(1))

    before, after = (np.bincount(columns.codes, weights=one) for one in (columns.minority, labels))
    assert before.tolist() == after.tolist()
    assert labels.tolist() != columns.minority.tolist()


def test_as_one_trial_rows_keep_their_order_and_have_one_share() -> None:
    columns = Columns.of(pool())
    one = columns.as_one_trial()

    assert one.seeds is columns.seeds
    assert (one.codes == 0).all()
    assert one.shares.tolist() == [round(SHARE_ONE * columns.minority.mean())]


def test_batches_have_every_permutation_once() -> None:
    for asked in (1, BATCH, BATCH + 1, 7 * BATCH - 1, 1_000):
        every = [
            number
            for batch in range(batch_count(asked))
            for number in batch_request(batch, asked, POLICY, seed=3, within_trials=True).permutations.numbers
        ]
        assert every == list(range(asked))
    with pytest.raises(ValueError, match="batch 2 does not exist; there are 2"):
        batch_request(2, 2 * BATCH, POLICY, seed=3, within_trials=True)


ASKED = batch_request(1, 3 * BATCH, POLICY, seed=3, within_trials=False)


def test_a_request_comes_back_from_json() -> None:
    assert PermutationRequest.from_json(ASKED.to_json()) == ASKED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"count": BATCH + 1}, "a batch has 1 to 20 permutations"),
        ({"count": 0}, "a batch has 1 to 20 permutations"),
        ({"count": True}, "count is True"),
        ({"seed": -1}, "seed is -1"),
        ({"first": 2**31}, "first is 2147483648"),
        ({"within_trials": 1}, "true or false"),
        ({"mask_policy": "none"}, "mask_policy 'none' is not known"),
        ({"params": {}}, "needs exactly the keys"),
    ],
)
def test_another_request_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        PermutationRequest.from_json({**ASKED.to_json(), **changes})

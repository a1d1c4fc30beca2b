"""The best of the space by chance: as sweeps find it, by the head alone or by rigs of which some is counted again."""

from __future__ import annotations

import numpy as np
import pytest

from scorer_core.conf import HEAD_PERMUTATIONS
from scorer_core.evidence.chance import Chance, OfRigs, space_by_chance
from scorer_core.pool.folds import FOLDS
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep import chance as walk
from scorer_core.scoring.sweep.chance import Permutations, best_of_space, permuted_within
from scorer_core.scoring.sweep.grid import Grid, full_grid
from scorer_core.scoring.sweep.outcome import merge
from scorer_core.scoring.sweep.rows import Columns, SweepRows
from scorer_core.scoring.sweep.shards import ShardRequest, shard_count, shard_params

POLICY = MaskPolicy.MAX_OFFSET
PROVEN = 3.0
ASKED = Permutations(5, True, range(60))


def best_evidence(pool: Pool) -> float:
    """Return the largest evidence of an accepted config, by a sweep."""
    scorer = PoolScorer.of(pool)
    shards = range(shard_count(POLICY))
    whole = merge(scorer.sweep(ShardRequest(number, shard_params(POLICY, number), POLICY)) for number in shards)
    return whole.fronts[0][0].evidence


@pytest.mark.slow
def test_it_is_what_sweeps_find(null_pool: Pool) -> None:
    found = space_by_chance(null_pool, POLICY, Permutations(5, True, range(6)), PROVEN)

    columns = Columns.of(null_pool)
    assert (len(found.permuted), found.asked) == (6, 6)
    assert found.observed == pytest.approx(best_evidence(null_pool), rel=1e-5)
    labels = permuted_within(columns.codes, columns.minority, np.random.default_rng([5, 5])) > 0
    permuted = Pool(columns.seeds.astype(np.uint64), labels, columns.codes.astype(np.int64))
    assert found.permuted[5] == pytest.approx(best_evidence(permuted), rel=1e-5)  # the one that five leave
    assert 0 < found.passing < 24_264_240


def test_p_counts_the_pool_itself() -> None:
    assert Chance(9.0, (8.0, 9.0, 10.0), 0, 3).p == 3 / 4
    assert Chance(99.0, (1.0,) * 19, 0, 40).p == 1 / 20


@pytest.fixture
def counted_here(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A thousandth of the space, so that tests may walk it often; which permutations the head counts."""
    small: list[Grid] = [full_grid(POLICY).with_mods_3(900, 900)]
    monkeypatch.setattr(walk, "full_grid", lambda policy: small[0])
    numbers: list[int] = []
    real = best_of_space

    def noted(rows: SweepRows, asked: Permutations, proven: float | None = None) -> walk.Best:
        numbers.extend(asked.numbers)
        return real(rows, asked, proven)

    monkeypatch.setattr("scorer_core.evidence.chance.best_of_space", noted)
    return numbers


def honest(pool: Pool, nodes: dict[str, range]) -> dict[int, tuple[str, float]]:
    """Return what rigs count of which permutations."""
    rows = SweepRows.of(Columns.of(pool), POLICY, 2**26)
    found: dict[int, tuple[str, float]] = {}
    for node, numbers in nodes.items():
        best = best_of_space(rows, Permutations(5, True, numbers)).permuted
        found |= {number: (node, one) for number, one in zip(numbers, best, strict=True)}
    return found


def never(node: str, lie: str) -> None:
    raise AssertionError(f"{node} did not lie: {lie}")


def test_of_rigs_the_head_counts_a_few_again_and_takes_the_rest(null_pool: Pool, counted_here: list[int]) -> None:
    answers = honest(null_pool, {"rig-a": range(20), "rig-b": range(20, 60)})

    found = space_by_chance(null_pool, POLICY, ASKED, PROVEN, OfRigs(answers, never))

    assert found.permuted == tuple(answers[number][1] for number in range(60))
    assert (found.asked, found.p) == (60, (1 + sum(one >= found.observed for one in found.permuted)) / 61)
    assert len(set(counted_here)) == 2 * FOLDS
    assert sorted(number < 20 for number in counted_here) == [False] * FOLDS + [True] * FOLDS


def test_it_is_the_same_numbers_when_the_head_counts_them_alone(null_pool: Pool, counted_here: list[int]) -> None:
    answers = honest(null_pool, {"rig-a": range(60)})

    together = space_by_chance(null_pool, POLICY, ASKED, PROVEN, OfRigs(answers, never))
    alone = space_by_chance(null_pool, POLICY, ASKED, PROVEN)

    assert together.permuted == pytest.approx(alone.permuted, rel=1e-9)
    assert (together.observed, together.passing, together.asked) == (alone.observed, alone.passing, 60)


def test_what_no_rig_counted_the_head_does_up_to_what_it_may(null_pool: Pool, counted_here: list[int]) -> None:
    for given, counted in ((range(0), 20), (range(40), 40 + 15), (range(50), 60)):
        counted_here.clear()
        answers = honest(null_pool, {"rig-a": given}) if given else {}

        found = space_by_chance(null_pool, POLICY, ASKED, PROVEN, OfRigs(answers, never))

        assert (len(found.permuted), found.asked) == (counted, 60)
        assert len(counted_here) <= HEAD_PERMUTATIONS


@pytest.mark.parametrize("rigs", [5, 30])
def test_of_many_rigs_the_head_still_counts_no_more_than_it_may(
    null_pool: Pool, counted_here: list[int], rigs: int
) -> None:
    nodes = {f"rig-{place}": range(2 * place, 2 * place + 2) for place in range(rigs)}

    space_by_chance(null_pool, POLICY, ASKED, PROVEN, OfRigs(honest(null_pool, nodes), never))

    assert len(counted_here) == len(set(counted_here)) == HEAD_PERMUTATIONS


def test_a_rig_that_lied_is_believed_in_nothing_and_named(null_pool: Pool, counted_here: list[int]) -> None:
    true = honest(null_pool, {"rig-a": range(30), "rig-b": range(30, 60)})
    answers = {number: (node, one * 0.5 if node == "rig-b" else one) for number, (node, one) in true.items()}
    liars: dict[str, str] = {}

    found = space_by_chance(null_pool, POLICY, ASKED, PROVEN, OfRigs(answers, liars.__setitem__))

    assert list(liars) == ["rig-b"]
    assert "it says" in liars["rig-b"]
    assert len(found.permuted) == 30 + HEAD_PERMUTATIONS - FOLDS
    assert found.permuted == pytest.approx([true[number][1] for number in range(45)], rel=1e-9)

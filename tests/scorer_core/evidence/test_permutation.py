"""The null distribution is that of the objective itself, and max-T that of counting every labelling."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import hypergeom

from scorer_core.evidence.masks import EvaluatedMasks, evaluated_masks, mask_blocks
from scorer_core.evidence.permutation import (
    FEWEST,
    MOST_WORK,
    PERMUTATIONS,
    affordable,
    max_t,
    null_of_best,
    permute,
    permuted_labels,
)
from scorer_core.pool.survivors import Pool
from scorer_core.run.trials import Trial
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.trial import TrialRequest, evaluate

POLICY = MaskPolicy.MAX_OFFSET


def as_labels(minority: np.ndarray) -> np.ndarray:
    return minority.astype(np.float32)[np.newaxis]


def test_under_shuffled_labels_each_mask_has_the_objective_of_the_objective_itself(
    null_pool: Pool, null_trials: list[Trial]
) -> None:
    accepted = [trial for trial in null_trials if trial.accepted]
    minority = np.random.default_rng(1).permutation(null_pool.minority)
    shuffled = Pool(null_pool.seeds, minority, null_pool.trial_number)

    objectives, _ = evaluated_masks(accepted, null_pool, POLICY).score(as_labels(minority))

    scored = [
        evaluate(shuffled, TrialRequest(trial.number, trial.params, 1500, POLICY)).score.objective for trial in accepted
    ]
    assert 20 < len(accepted) < 40
    assert objectives[:, 0] == pytest.approx(scored, abs=1e-6)


def test_a_standardised_count_has_the_moments_of_the_hypergeometric_distribution(
    null_pool: Pool, null_trials: list[Trial]
) -> None:
    trial = next(trial for trial in null_trials if trial.accepted)
    kept = residue_mask(null_pool.seeds, trial.params, POLICY).kept
    chance = hypergeom(len(null_pool), int(null_pool.minority.sum()), int(kept.sum()))

    _, counts = evaluated_masks([trial], null_pool, POLICY).score(as_labels(null_pool.minority))

    observed = int((kept & null_pool.minority).sum())
    assert counts[0, 0] == pytest.approx((observed - chance.mean()) / chance.std(), rel=1e-6)


def test_max_t_converges_to_the_count_over_every_labelling() -> None:
    rng = np.random.default_rng(8)
    lines = (rng.random((3, 4, 12)) < 0.4).astype(np.float32)
    masks = EvaluatedMasks(lines, np.ones(4))
    minority = np.zeros(12, dtype=np.bool_)
    minority[[0, 3, 4, 9]] = True
    with np.errstate(all="ignore"):
        observed = masks.score(as_labels(minority))[1][:, 0].max()
        every = np.zeros((495, 12), dtype=np.float32)
        for line, chosen in enumerate(itertools.combinations(range(12), 4)):
            every[line, list(chosen)] = 1.0
        exact = np.mean(masks.score(every)[1].max(axis=0) >= observed - 1e-9)
        permuted = permute([masks], minority, 4000, seed=2)

    told = max_t(permuted, float(observed), float(observed))

    assert told["candidate"]["p_value"] == pytest.approx(exact, abs=0.03)
    assert 0.05 < exact < 0.95


def test_the_best_of_a_search_of_noise_is_an_ordinary_one(null_pool: Pool, null_trials: list[Trial]) -> None:
    accepted = [trial for trial in null_trials if trial.accepted]
    permuted = permute(mask_blocks(accepted, null_pool, POLICY), null_pool.minority, 300, seed=3)

    told = null_of_best(permuted, max(trial.objective or 0.0 for trial in accepted))

    assert told["p_value"] > 0.02
    assert told["quantiles"]["0.05"] < told["quantiles"]["0.5"] < told["quantiles"]["0.99"]
    assert sum(told["histogram"]["counts"]) == told["permutations"] == 300


def test_the_best_of_a_planted_pool_is_beyond_what_noise_gives(planted_pool: Pool, planted_trials: list[Trial]) -> None:
    accepted = [trial for trial in planted_trials if trial.accepted]
    permuted = permute(mask_blocks(accepted, planted_pool, POLICY), planted_pool.minority, 300, seed=3)
    observed = permuted.counts.max()

    assert null_of_best(permuted, max(trial.objective or 0.0 for trial in accepted))["p_value"] == 1 / 301
    assert max_t(permuted, float(observed), float(observed))["largest"]["p_value"] == 1 / 301


def test_blocks_of_masks_and_of_labellings_do_not_change_the_answer(
    null_pool: Pool, null_trials: list[Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = [trial for trial in null_trials if trial.accepted]
    whole = permute(mask_blocks(accepted, null_pool, POLICY), null_pool.minority, 40, seed=3)
    monkeypatch.setattr("scorer_core.evidence.masks.BLOCK_CELLS", 3 * 7 * len(null_pool))
    monkeypatch.setattr("scorer_core.evidence.permutation._BLOCK_CELLS", 11 * len(null_pool))

    blocks = list(mask_blocks(accepted, null_pool, POLICY))
    parts = permute(blocks, null_pool.minority, 40, seed=3)

    assert len(blocks) > 2
    assert parts.best_objective == pytest.approx(whole.best_objective)
    assert parts.largest_count == pytest.approx(whole.largest_count)
    assert parts.counts == pytest.approx(whole.counts)


def test_a_permutation_keeps_the_number_of_minority_rows_and_its_seed_decides(null_pool: Pool) -> None:
    first, again, other = (permuted_labels(null_pool.minority, 3, np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert first.sum(axis=1).tolist() == [null_pool.minority.sum()] * 3
    assert (first == again).all()
    assert (first != other).any()
    assert (first[0] != first[1]).any()


@pytest.mark.parametrize(
    ("masks", "rows", "permutations"),
    [
        (100, 44_647, PERMUTATIONS),
        (100, 400_000, 375),
        (10_000, 44_647, FEWEST),
        (100_000, 44_647, None),
        (0, 44_647, None),
    ],
)
def test_a_large_run_has_fewer_permutations_or_none(masks: int, rows: int, permutations: int | None) -> None:
    assert affordable(masks, rows) == permutations
    assert (permutations or 0) * masks * rows <= MOST_WORK

"""The objective against a plain Python reading of its formula, and its laws."""

from __future__ import annotations

import math
from dataclasses import astuple
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.counts import Counts
from scorer_core.scoring.objective import Reason, by_reason, combine, rejection, score
from tests.support.values import there


class Case(NamedTuple):
    """Rows and a mask over them; single-class rows are allowed, as a sample may be."""

    rows: Pool
    kept: NDArray[np.bool_]


@st.composite
def cases(draw: st.DrawFn, min_keep: float = 0.0, max_keep: float = 1.0, min_rows: int = 1) -> Case:
    n = draw(st.integers(min_rows, 1500))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    minority = rng.random(n) < draw(st.floats(0, 1))
    trials = rng.integers(0, draw(st.integers(1, 40)), size=n)
    kept = np.zeros(n, dtype=np.bool_)
    kept[: round(n * draw(st.floats(min_keep, max_keep)))] = True
    pool = Pool(rng.permutation(n).astype(np.uint64), minority, trials.astype(np.int64))
    return Case(pool, rng.permutation(kept))


scored = cases(min_keep=0.03, max_keep=0.39, min_rows=400)


def rows_with(n: int, kept: int) -> Case:
    """Return n rows, every fifth of the minority, the first `kept` of them kept."""
    number = np.arange(n)
    return Case(Pool(number.astype(np.uint64), number % 5 == 0, number % 7), number < kept)


def plain_objective(case: Case) -> tuple[float, str, dict[str, float]]:
    """Return objective, reason and terms, computed from lists."""
    labels, trials, kept = (column.tolist() for column in (case.rows.minority, case.rows.trial_number, case.kept))
    inside = [row for row, keeps in enumerate(kept) if keeps]
    keep = len(inside) / len(kept)
    if len(inside) < 10:
        return -1.0, "too_small", {}
    if keep < 0.01:
        return -1.0, "keep_too_low", {}
    if keep > 0.40:
        return -1.0, "keep_too_high", {}
    p_global = sum(labels) / len(labels) + 1e-6
    p_sub = sum(labels[row] for row in inside) / len(inside) + 1e-6
    enrich = math.log(p_sub / p_global)
    coverage = len({trials[row] for row in inside}) / len(set(trials))
    size_penalty = min(abs(math.log((keep + 1e-9) / 0.10)), 5)
    objective = max(-1.0, min(1.0, 0.70 * math.tanh(enrich) + 0.20 * coverage - 0.10 * size_penalty))
    terms = {"enrich": enrich, "p_global": p_global, "p_sub": p_sub, "coverage": coverage, "size_penalty": size_penalty}
    return objective, "ok", terms


@given(case=st.one_of(scored, cases()))
def test_it_agrees_with_the_plain_reading(case: Case) -> None:
    objective, reason, terms = plain_objective(case)

    answer = score(case.rows, case.kept)

    assert answer.objective == pytest.approx(objective, abs=1e-12)
    assert answer.reason.value == reason
    assert answer.subset_n == int(case.kept.sum())
    assert answer.keep == answer.subset_n / len(case.rows)
    for term in ("enrich", "p_global", "p_sub", "coverage", "size_penalty"):
        assert getattr(answer, term) == (pytest.approx(terms[term], abs=1e-12) if terms else None)


@given(case=st.one_of(scored, cases()))
def test_it_is_a_finite_number_from_minus_one_to_one(case: Case) -> None:
    assert -1.0 <= score(case.rows, case.kept).objective <= 1.0


@given(case=scored, order=st.integers(0, 2**32))
def test_the_order_of_the_rows_does_not_matter(case: Case, order: int) -> None:
    shuffled = np.random.default_rng(order).permutation(len(case.rows))

    assert score(case.rows.rows(shuffled), case.kept[shuffled]) == score(case.rows, case.kept)


@given(case=scored)
def test_moving_a_minority_row_into_the_subset_raises_the_objective(case: Case) -> None:
    """Swap the labels of one kept majority row and one dropped minority row: nothing else changes."""
    inside = np.flatnonzero(case.kept & ~case.rows.minority)
    outside = np.flatnonzero(~case.kept & case.rows.minority)
    if not len(inside) or not len(outside):
        return
    labels = case.rows.minority.copy()
    labels[[inside[0], outside[0]]] = (True, False)
    richer = Pool(case.rows.seeds, labels, case.rows.trial_number)

    assert score(richer, case.kept).objective > score(case.rows, case.kept).objective


@pytest.mark.parametrize(
    ("rows", "kept", "reason"),
    [
        (100, 0, Reason.TOO_SMALL),
        (12, 9, Reason.TOO_SMALL),  # also 75 % of the rows: too small comes first
        (5000, 9, Reason.TOO_SMALL),  # also under 1 %: too small comes first
        (1001, 10, Reason.KEEP_TOO_LOW),
        (1000, 10, Reason.OK),  # exactly 1 %
        (100, 10, Reason.OK),
        (100, 40, Reason.OK),  # exactly 40 %
        (100, 41, Reason.KEEP_TOO_HIGH),
        (10, 10, Reason.KEEP_TOO_HIGH),
    ],
)
def test_a_mask_is_rejected_for_the_first_reason_that_holds(rows: int, kept: int, reason: Reason) -> None:
    answer = score(*rows_with(rows, kept))

    assert answer.reason is reason
    assert (answer.objective == -1.0) is (reason is not Reason.OK)
    assert (answer.enrich is None) is (reason is not Reason.OK)


def test_a_subset_without_any_minority_scores_low_but_is_no_error() -> None:
    number = np.arange(200)
    rows = Pool(number.astype(np.uint64), number >= 100, number % 7)

    answer = score(rows, number < 20)

    assert answer.p_sub == pytest.approx(1e-6)
    assert answer.objective == pytest.approx(-0.70 + 0.20, abs=1e-6)


def test_a_sample_without_any_minority_scores_as_no_enrichment() -> None:
    number = np.arange(200)
    rows = Pool(number.astype(np.uint64), np.zeros(200, dtype=np.bool_), number % 7)

    answer = score(rows, number < 20)

    assert answer.enrich == 0.0
    assert answer.objective == pytest.approx(0.20, abs=1e-6)


@given(cases=st.lists(scored, min_size=1, max_size=8))
def test_many_masks_at_once_are_scored_as_one_by_one(cases: list[Case]) -> None:
    alone = [score(case.rows, case.kept) for case in cases]
    tables = np.array([astuple(there(answer.counts)) for answer in alone], dtype=np.float64)
    rows, minority, kept, minority_kept = tables.T
    coverage = np.array([answer.coverage for answer in alone], dtype=np.float64)

    together = combine(rows, minority, kept, minority_kept, coverage)

    assert together == pytest.approx([answer.objective for answer in alone], abs=1e-12)


@given(case=scored, less=st.floats(0, 1))
def test_with_less_coverage_the_objective_does_not_rise(case: Case, less: float) -> None:
    """The sweep relies on it: it bounds a config's objective by full coverage."""
    answer = score(case.rows, case.kept)
    rows, minority, kept, minority_kept = map(float, astuple(there(answer.counts)))
    coverage = there(answer.coverage)

    assert combine(rows, minority, kept, minority_kept, coverage * less) <= answer.objective


@given(rows=st.integers(1, 5000), seed=st.integers(0, 2**32))
def test_many_masks_at_once_are_rejected_as_one_by_one(rows: int, seed: int) -> None:
    kept = np.random.default_rng(seed).integers(0, rows, size=50, endpoint=True)
    kept[:4] = (0, min(9, rows), min(10, rows), rows)

    together = by_reason(kept, rows)

    assert np.sum([*together.values()], axis=0).tolist() == [1] * 50
    for place, one in enumerate(kept.tolist()):
        reason = next(reason for reason, mask in together.items() if mask[place])
        assert reason == (rejection(one, rows) or Reason.OK)


@given(case=st.one_of(scored, cases()))
def test_the_counts_travel_with_the_score(case: Case) -> None:
    assert score(case.rows, case.kept).counts == Counts(
        rows=len(case.rows),
        minority=int(case.rows.minority.sum()),
        kept=int(case.kept.sum()),
        minority_kept=int((case.rows.minority & case.kept).sum()),
    )


def test_every_reason_has_a_rule_that_gives_it() -> None:
    assert set(by_reason(np.zeros(1, np.int64), 1)) == set(Reason)

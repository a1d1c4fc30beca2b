"""The old system's own answers, reproduced."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import completed
from scorer_core.scoring.trial import TrialRequest, evaluate
from tests.support.pools import golden_vectors

TERMS = ("objective", "keep", "enrich", "p_global", "p_sub", "coverage", "size_penalty")


def as_request(vector: dict[str, Any]) -> TrialRequest:
    params = dict(vector["params"])
    number, sample_size = params.pop("optuna_trial_number"), params.pop("sample_size")
    return TrialRequest(number, completed(params, MaskPolicy.MAX_OFFSET), sample_size, MaskPolicy.MAX_OFFSET)


@pytest.mark.parametrize("vector", golden_vectors(), ids=lambda v: f"trial-{v['params']['optuna_trial_number']}")
def test_every_term_agrees_with_the_old_system(golden_pool: Pool, vector: dict[str, Any]) -> None:
    answer = evaluate(golden_pool, as_request(vector)).to_json()

    assert answer["subset_n"] == vector["subset_n"]
    assert answer["reason"] == vector["reason"]
    for term in TERMS:
        expected = vector.get(term)  # a rejected trial has no terms
        assert answer[term] == (None if expected is None else pytest.approx(expected, abs=1e-6, rel=0)), term


def test_the_vectors_cover_both_sample_sizes_and_three_reasons(golden_vectors: list[dict[str, Any]]) -> None:
    seen = Counter((vector["params"]["sample_size"], vector["reason"]) for vector in golden_vectors)

    assert len(golden_vectors) == 80
    assert seen == {(5000, "ok"): 36, (450, "ok"): 26, (450, "too_small"): 13, (5000, "keep_too_low"): 5}


def test_the_same_request_read_from_json_gives_the_same_answer(golden_pool: Pool) -> None:
    for vector in golden_vectors()[:8]:
        request = as_request(vector)
        assert evaluate(golden_pool, TrialRequest.from_json(request.to_json())) == evaluate(golden_pool, request)

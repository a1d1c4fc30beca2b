"""A prepared pool gives the answers of the plain one, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from scorer_core.pool.survivors import Pool
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import completed
from scorer_core.scoring.trial import TrialRequest, evaluate


def some_pool(rows: int = 2000, numbers: int = 300) -> Pool:
    rng = np.random.default_rng(5)
    seeds = rng.choice(2**40, rows, replace=False).astype(np.uint64)
    return Pool(seeds, rng.random(rows) < 0.2, rng.integers(-5, numbers, rows))


def requests(policy: MaskPolicy, sample_size: int | None) -> list[TrialRequest]:
    rng = np.random.default_rng(6)
    made = []
    for number in range(60):
        reach: ParamValue = (
            int(rng.integers(1, 16)) if policy is MaskPolicy.MAX_OFFSET else float(rng.uniform(0.1, 0.9))
        )
        mods = [int(rng.integers(low, high + 1)) for low, high in ((5, 20), (50, 150), (500, 1500))]
        params = {f"residue_mod_{place}": mod for place, mod in enumerate(mods, start=1)}
        config = completed({**params, policy.value: reach}, policy)
        made.append(TrialRequest(number, config, sample_size, policy))
    return made


@pytest.mark.parametrize("cache_bytes", [0, 50_000, 2**28])
@pytest.mark.parametrize("sample_size", [None, 50, 450, 5000])
@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_each_answer_is_that_of_the_plain_pool(policy: MaskPolicy, sample_size: int | None, cache_bytes: int) -> None:
    pool = some_pool()
    scorer = PoolScorer.of(pool, cache_bytes)

    asked = requests(policy, sample_size)

    assert [scorer.evaluate(request) for request in asked] == [evaluate(pool, request) for request in asked]
    assert len({evaluate(pool, request).score.reason for request in asked}) > 1, "accepted and rejected ones"

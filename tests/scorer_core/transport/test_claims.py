"""Given an answer to a lease, with one lie in it: it is refused before anything else sees it."""

from __future__ import annotations

import json

import pytest

from scorer_core.errors import RequestError
from scorer_core.pool.survivors import pool_from_columns
from scorer_core.rig.protocol import Request, TrialResult, decode, encode, to_body
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import completed
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.scoring.trial import TrialRequest
from scorer_core.transport.claims import Lease, checked_claim
from sim.pools import PoolKind, make_pool
from tests.integration.faults.liars.lies import REFUSED_SHARDS, REFUSED_TRIALS, Lie

SHA = "a" * 64
POLICY = MaskPolicy.MAX_OFFSET
PARAMS = completed({"residue_mod_1": 9, "residue_mod_2": 100, "residue_mod_3": 1000, "max_offset": 9}, POLICY)
TRIAL = TrialRequest(4, PARAMS, 500, POLICY)
SHARD = ShardRequest(5, shard_params(POLICY, 5, {"residue_mod_1": 9, "max_offset": 9}), POLICY)
SCORER = PoolScorer.of(pool_from_columns(make_pool(PoolKind.PLANTED, 1000, seed=1), where="pool"))


def told(request: Request, lie: Lie) -> TrialResult:
    """Return what becomes of an honest answer with a lie in it."""
    evaluation = SCORER.sweep(request) if isinstance(request, ShardRequest) else SCORER.evaluate(request)
    moments = ("2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01+00:00")
    by = ("rig-a", 0, SHA, SHA, *moments, 1.0)
    honest = TrialResult(request.trial_number, request.to_json(), evaluation.to_json(), *by)
    kind, body = decode(lie(json.loads(encode("result", to_body(honest)))))
    if kind != "result":
        raise RequestError(f"the worker answers {kind}.")
    return checked_claim(body, Lease(request, "rig-a", 0, SHA, SHA))


@pytest.mark.parametrize("request_", [TRIAL, SHARD], ids=["trial", "shard"])
def test_an_honest_answer_is_taken(request_: Request) -> None:
    assert told(request_, lambda message: json.dumps(message).encode()).trial_number == request_.trial_number


@pytest.mark.parametrize("lie", REFUSED_TRIALS.values(), ids=REFUSED_TRIALS)
def test_a_trial_with_a_lie_in_it_is_refused(lie: Lie) -> None:
    with pytest.raises(RequestError):
        told(TRIAL, lie)


@pytest.mark.parametrize("lie", REFUSED_SHARDS.values(), ids=REFUSED_SHARDS)
def test_a_shard_with_a_lie_in_it_is_refused(lie: Lie) -> None:
    with pytest.raises(RequestError):
        told(SHARD, lie)

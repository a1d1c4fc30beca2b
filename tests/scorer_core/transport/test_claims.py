"""Given an answer to a lease, with one lie in it: it is refused before anything else sees it."""

from __future__ import annotations

import json

import pytest

from scorer_core.errors import RequestError
from scorer_core.pool.survivors import pool_from_columns
from scorer_core.rig.protocol import AnyRequest, TrialResult, decode, encode, to_body
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import completed
from scorer_core.scoring.sweep.batches import PermutationRequest, Permuted, batch_request
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


BATCH = batch_request(1, 22, POLICY, seed=3, within_trials=True)


def told(request: AnyRequest, lie: Lie) -> TrialResult:
    """Return what becomes of an honest answer with a lie in it."""
    batch = isinstance(request, PermutationRequest)
    evaluation = Permuted([7.5, 0.0]) if batch else SCORER.answer(request)
    moments = ("2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01+00:00")
    by = ("rig-a", 0, SHA, SHA, *moments, 1.0)
    honest = TrialResult(request.trial_number, request.to_json(), evaluation.to_json(), *by)
    kind, body = decode(lie(json.loads(encode("result", to_body(honest)))))
    if kind != "result":
        raise RequestError(f"the worker answers {kind}.")
    return checked_claim(body, Lease(request, "rig-a", 0, SHA, SHA))


@pytest.mark.parametrize("request_", [TRIAL, SHARD, BATCH], ids=["trial", "shard", "batch"])
def test_an_honest_answer_is_taken(request_: AnyRequest) -> None:
    assert told(request_, lambda message: json.dumps(message).encode()).trial_number == request_.trial_number


@pytest.mark.parametrize("lie", REFUSED_TRIALS.values(), ids=REFUSED_TRIALS)
def test_a_trial_with_a_lie_in_it_is_refused(lie: Lie) -> None:
    with pytest.raises(RequestError):
        told(TRIAL, lie)


@pytest.mark.parametrize("lie", REFUSED_SHARDS.values(), ids=REFUSED_SHARDS)
def test_a_shard_with_a_lie_in_it_is_refused(lie: Lie) -> None:
    with pytest.raises(RequestError):
        told(SHARD, lie)


@pytest.mark.parametrize(
    "evaluation",
    [
        *({"best": best} for best in ([7.5], [7.5, 0.0, 0.0], [7.5, -0.1], [7.5, True], [7.5, None], [])),
        *({"best": best} for best in (None, "7.5", [7.5, 1e16], [[7.5], 0.0], {"0": 7.5, "1": 0.0})),
        {"best": [7.5, 0.0], "more": 1},
        {},
    ],
    ids=str,
)
def test_a_batch_with_a_lie_in_it_is_refused(evaluation: object) -> None:
    with pytest.raises(RequestError, match="batch"):
        told(BATCH, lambda message: json.dumps({**message, "evaluation": evaluation}).encode())


def test_a_batch_is_no_answer_to_another_one() -> None:
    other = {**BATCH.to_json(), "first": 0}

    with pytest.raises(RequestError, match="the answer is not for batch 1 of permutations"):
        told(BATCH, lambda message: json.dumps({**message, "request": other}).encode())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_what_is_no_number_is_no_evidence(number: str) -> None:
    with pytest.raises(RequestError, match="not JSON"):
        told(BATCH, lambda message: json.dumps(message).replace("7.5", number).encode())

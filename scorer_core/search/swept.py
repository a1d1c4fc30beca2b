"""A sweep's tickets as trials: each shard's best config, scored anew on the head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scorer_core.errors import RequestError, ResultConflict
from scorer_core.ledger.records import Ticket
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.space import check_params
from scorer_core.scoring.sweep.outcome import Front, Ranked, ShardOutcome, merge
from scorer_core.scoring.sweep.shards import SAMPLE_NUMBER
from scorer_core.scoring.trial import Evaluation, TrialRequest
from scorer_core.spec import RunSpec


def with_best_configs(tickets: Iterable[Ticket], rows: Pool, spec: RunSpec) -> list[Ticket]:
    """Return the tickets with the best config of each shard in place of the shard, scored on the rows that it swept.

    Raises:
        ResultConflict: a rig's objective of a config is not the head's: its arithmetic is another one.
    """
    scorer = PoolScorer.of(rows)
    return [_with_best_config(ticket, scorer, spec) for ticket in tickets]


def sweep_record(tickets: Sequence[Ticket], spec: RunSpec) -> dict[str, Any]:
    """Return what a sweep knows: its configs by number and reason, the best of all, and what nothing beats."""
    outcomes = [_outcome(ticket) for ticket in tickets if ticket.result is not None]
    whole = merge(outcomes)
    return {
        "mask_policy": spec.mask_policy.value,
        "sample_size": spec.sample_size,
        "shards": {"swept": len(outcomes), "of": len(tickets)},
        "configs": whole.configs,
        "by_reason": dict(whole.counts),
        "top": [{"params": _params(best, spec), "objective": best.objective} for best in whole.top],
        "fronts": [[one.to_json() for one in front] for front in whole.fronts],
        "widest": whole.widest and whole.widest.to_json(),
    }


def fronts_of(record: Mapping[str, Any], policy: MaskPolicy) -> tuple[tuple[Front, ...], Ranked | None]:
    """Return the fronts of a `sweep_record`, and the config whose lift may be the largest.

    Raises:
        ResultConflict: a config is outside the space, which is all that the gate pays for.
    """

    def read(one: Any) -> Ranked:
        ranked = Ranked.from_json(one)
        try:
            check_params(ranked.params(policy), policy)
        except RequestError as error:
            raise ResultConflict(f"a rig answered with a config outside the space: {error}") from None
        return ranked

    fronts = tuple(tuple(read(one) for one in front) for front in record["fronts"])
    return fronts, None if record["widest"] is None else read(record["widest"])


def best_config(
    outcome: ShardOutcome, number: int, scorer: PoolScorer, spec: RunSpec
) -> tuple[TrialRequest, Evaluation]:
    """Return the best config of shard `number` as a trial of that number, scored on the rows that the sweep scores."""
    request = TrialRequest(SAMPLE_NUMBER, _params(outcome.best, spec), spec.sample_size, spec.mask_policy)
    return replace(request, trial_number=number), scorer.evaluate(request)


def _with_best_config(ticket: Ticket, scorer: PoolScorer, spec: RunSpec) -> Ticket:
    if ticket.result is None:
        return replace(ticket, params=None)
    outcome = _outcome(ticket)
    request, evaluation = best_config(outcome, ticket.number, scorer, spec)
    best = outcome.best
    if evaluation.score.objective != best.objective:
        raise ResultConflict(
            f"shard {ticket.number}: {ticket.result.node} says that its best config has objective "
            f"{best.objective!r}, the head computes {evaluation.score.objective!r}. Compare the numpy versions."
        )
    result = replace(ticket.result, request=request.to_json(), evaluation=evaluation.to_json())
    return replace(ticket, params=dict(request.params), result=result)


def _params(best: Ranked, spec: RunSpec) -> dict[str, ParamValue]:
    """Return every parameter of a config: what was swept, and what the run holds."""
    return {**best.params(spec.mask_policy), **spec.held_values}


def _outcome(ticket: Ticket) -> ShardOutcome:
    if ticket.result is None:
        raise ValueError(f"ticket {ticket.number} has no result.")
    return ShardOutcome.from_json(ticket.result.evaluation)

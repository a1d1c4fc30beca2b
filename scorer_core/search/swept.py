"""A sweep's tickets as trials: each shard's best config, scored anew on the head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from scorer_core.errors import ResultConflict
from scorer_core.ledger.records import Ticket
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.outcome import ShardOutcome, merge
from scorer_core.scoring.trial import TrialRequest


def with_best_configs(tickets: Iterable[Ticket], rows: Pool, policy: MaskPolicy) -> list[Ticket]:
    """Return the tickets with the best config of each shard in place of the shard, scored on all `rows`.

    Raises:
        ResultConflict: a rig's objective of a config is not the head's: its arithmetic is another one.
    """
    scorer = PoolScorer.of(rows)
    return [_with_best_config(ticket, scorer, policy) for ticket in tickets]


def sweep_record(tickets: Sequence[Ticket], policy: MaskPolicy) -> dict[str, Any]:
    """Return what a sweep knows: how many configs there are, how many for each reason, and the best of all."""
    outcomes = [_outcome(ticket) for ticket in tickets if ticket.result is not None]
    whole = merge(outcomes)
    return {
        "mask_policy": policy.value,
        "shards": {"swept": len(outcomes), "of": len(tickets)},
        "configs": whole.configs,
        "by_reason": dict(whole.counts),
        "top": [{"params": best.params(policy), "objective": best.objective} for best in whole.top],
    }


def _with_best_config(ticket: Ticket, scorer: PoolScorer, policy: MaskPolicy) -> Ticket:
    if ticket.result is None:
        return replace(ticket, params=None)
    best = _outcome(ticket).best
    request = TrialRequest(ticket.number, best.params(policy), sample_size=None, mask_policy=policy)
    evaluation = scorer.evaluate(request)
    if evaluation.score.objective != best.objective:
        raise ResultConflict(
            f"shard {ticket.number}: {ticket.result.node} says that its best config has objective "
            f"{best.objective!r}, the head computes {evaluation.score.objective!r}. Compare the numpy versions."
        )
    result = replace(ticket.result, request=request.to_json(), evaluation=evaluation.to_json())
    return replace(ticket, params=dict(request.params), result=result)


def _outcome(ticket: Ticket) -> ShardOutcome:
    if ticket.result is None:
        raise ValueError(f"ticket {ticket.number} has no result.")
    return ShardOutcome.from_json(ticket.result.evaluation)

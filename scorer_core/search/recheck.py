"""The head checks what rigs answered: it recomputes all that decides, and sweeps some shards again.

A rig can then invent nothing. It can hide the winner of a shard, but for what is swept again: of n shards the head
takes a random share, so that one hidden winner is found with the probability of that share. In a run that is asked
twice a second rig answers every shard, too, and the head sweeps those to which the two answers differ.
"""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from scorer_core.engines import traits_of
from scorer_core.ledger.records import Ticket
from scorer_core.pool.survivors import Pool
from scorer_core.rig.protocol import TrialResult
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.outcome import Ranked, ShardOutcome, merge
from scorer_core.scoring.sweep.scopes import ALL_ROWS
from scorer_core.scoring.sweep.shards import LOW, ShardRequest
from scorer_core.scoring.trial import TrialRequest
from scorer_core.search.in_process import NODE
from scorer_core.search.rescore import Rescorer
from scorer_core.spec import RunSpec

T = TypeVar("T")
Answers = Mapping[int, TrialResult | None]
"""Results by ticket; None where there is none yet."""
SAMPLED_SHARE = 0.03
"""The share of the shards that are swept again by `sample`, and of the trials beyond RESCORED_ROWS."""
RESCORED_ROWS = 1_000_000_000
"""Trials times rows that the head rescores, some 20 s of one core; of the rest the best and a random share."""
BEST_RESCORED = 100
_MAX_TOLD = 200


@dataclass
class Checked:
    """How many answers were compared with the head's own, and of each rig that lied the first lie.

    `agreed` shards have the same answer of two rigs.
    """

    answers: int = 0
    agreed: int = 0
    lies: dict[str, str] = field(default_factory=dict)

    def note(self, result: TrialResult, claimed: object, true: object, what: str) -> None:
        """Count one comparison."""
        self.answers += 1
        if claimed != true:
            self.lies.setdefault(result.node, told(what, claimed, true))


def told(what: str, claimed: object, true: object) -> str:
    """Return what is wrong with an answer, in words."""
    return f"{what}: it says {_differing(claimed, true)}, the head computes {_differing(true, claimed)}"


def true_answer(scorer: PoolScorer, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the evaluation of a trial or a shard that was asked for in these words."""
    if LOW in request["params"]:
        return scorer.sweep(ShardRequest.from_json(request)).to_json()
    return scorer.evaluate(TrialRequest.from_json(request)).to_json()


def _differing(one: object, other: object) -> str:
    """Return what of one is not in the other, short."""
    if isinstance(one, dict) and isinstance(other, dict):
        one = {key: value for key, value in one.items() if key not in other or other[key] != value}
    return str(one)[:_MAX_TOLD]


def check_answers(tickets: Iterable[Ticket], pool: Pool, spec: RunSpec, seconds: Answers) -> Checked:
    """Compare what rigs answered with what the head computes on the same rows; `seconds` are second answers."""
    done = [ticket for ticket in tickets if ticket.result is not None]
    if traits_of(spec.search).walks_grid:
        return _checked_shards(done, pool, spec, seconds)
    return _checked_trials(done, pool, spec)


def _checked_trials(done: Sequence[Ticket], pool: Pool, spec: RunSpec) -> Checked:
    checked, scorer = Checked(), PoolScorer.of(pool)
    rows = min(len(pool), spec.sample_size or len(pool))
    for ticket in _worth_rescoring(done, max(1, RESCORED_ROWS // rows)):
        result = _result(ticket)
        true = true_answer(scorer, result.request)
        checked.note(result, result.evaluation, true, f"trial {ticket.number}")
    return checked


def _worth_rescoring(done: Sequence[Ticket], limit: int) -> list[Ticket]:
    """Return all tickets within a limit; beyond it the best, and of the others a random share."""
    if len(done) <= limit:
        return list(done)
    by_objective = sorted(done, key=lambda ticket: -(ticket.objective or 0.0))
    best, rest = by_objective[:BEST_RESCORED], by_objective[BEST_RESCORED:]
    return best + drawn(rest, min(len(rest), max(limit - len(best), math.ceil(SAMPLED_SHARE * len(rest)))))


def _checked_shards(done: Sequence[Ticket], pool: Pool, spec: RunSpec, seconds: Answers) -> Checked:
    checked = Checked()
    outcomes = [(_result(ticket), ShardOutcome.from_json(_result(ticket).evaluation)) for ticket in done]
    rescorer = Rescorer(pool, spec.mask_policy, spec.sample_size)
    for scope, result, config in _deciding(outcomes):
        checked.note(result, config, rescorer.ranked(config.values, scope), f"shard {result.trial_number}")
    scorer, unknown = PoolScorer.of(pool), []
    for first, _outcome in outcomes:
        second = seconds.get(first.trial_number)
        answers = [first] if second is None else [first, second]
        true = next((one.evaluation for one in answers if one.node == NODE), None)
        if true is None and any(one.evaluation != first.evaluation for one in answers):
            true = true_answer(scorer, first.request)
        if true is None:
            checked.agreed += len(answers) - 1
            unknown.append(first)
        else:
            _note_all(checked, answers, true)
    for first in drawn(unknown, min(len(unknown), math.ceil(SAMPLED_SHARE * len(done)))):
        _note_all(checked, [first], true_answer(scorer, first.request))
    return checked


def _note_all(checked: Checked, answers: Iterable[TrialResult], true: Mapping[str, Any]) -> None:
    """Compare what rigs answered to a shard with the truth."""
    for one in answers:
        if one.node != NODE:
            checked.note(one, one.evaluation, true, f"shard {one.trial_number}")


def _deciding(outcomes: Sequence[tuple[TrialResult, ShardOutcome]]) -> list[tuple[int, TrialResult, Ranked]]:
    """Return all that the answer of the whole sweep is made of, each with its scope and who said it."""
    if not outcomes:
        return []
    wanted = _configs_of(merge(outcome for _, outcome in outcomes))
    found = []
    for result, outcome in outcomes:
        chosen = (_configs_of(outcome) & wanted) | {(ALL_ROWS, outcome.best)}
        found += [(scope, result, one) for scope, one in sorted(chosen, key=lambda each: (each[0], each[1].values))]
    return found


def _configs_of(outcome: ShardOutcome) -> set[tuple[int, Ranked]]:
    """Return every config that an answer names, each with its scope."""
    found = {(scope, one) for scope, front in enumerate(outcome.fronts) for one in front}
    found |= {(ALL_ROWS, one) for one in outcome.top}
    return found | ({(ALL_ROWS, outcome.widest)} if outcome.widest else set())


def drawn(some: Sequence[T], count: int) -> list[T]:
    """Return so many, drawn so that no rig can know which."""
    return random.Random(secrets.randbits(64)).sample(some, count)  # noqa: S311 - the seed is a secret


def _result(ticket: Ticket) -> TrialResult:
    if ticket.result is None:
        raise ValueError(f"ticket {ticket.number} has no result.")
    return ticket.result

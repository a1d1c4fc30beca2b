"""quality_gate: six checks, one verdict, written down once for a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from scorer_core.asking import changes_since
from scorer_core.context import RunContext
from scorer_core.engines import traits_of
from scorer_core.errors import RunError
from scorer_core.evidence.chance import OfRigs
from scorer_core.evidence.gather import EVIDENCE_SCHEMA, Asked, gather
from scorer_core.gate.case import Case, Champion, Permit, Rules
from scorer_core.gate.decide import decide
from scorer_core.gate.decision import Decision
from scorer_core.gate.examination import Found
from scorer_core.gate.sampled import counted, fronts_among
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.ledger import permutations
from scorer_core.ledger.keys import next_number, taken
from scorer_core.ledger.reigns import challenger
from scorer_core.ledger.verdicts import settle, settled
from scorer_core.pool.survivors import Pool
from scorer_core.publish.champion import champion_of
from scorer_core.publish.config import build_config
from scorer_core.run.collected import Collected
from scorer_core.run.prepared import Prepared
from scorer_core.run.trials import Trial, read_trials
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.space import objective_params
from scorer_core.scoring.sweep.outcome import Front
from scorer_core.search.swept import fronts_of
from scorer_core.spending import share_of

log = logging.getLogger(__name__)


def quality_gate(context: RunContext) -> Decision:
    """Decide on a collected run; a second call returns the first decision, and so does whoever decides beside it.

    Raises:
        RunNotFound: the run was not collected yet.
        RunError: an earlier decision, or a file of the run, cannot be read, or an earlier release searched the run.
        PublishError: the published config cannot be read, or gives no mask to compare with.
    """
    decision = _standing(context)
    if decision is None:
        started = time.monotonic()
        own = _decide(context)
        log.info("decided: %s, %.1f s", own.verdict.value, time.monotonic() - started)
        settle(context.ledger.engine, context.run_id, own.verdict.value, own.to_json())
        decision = _standing(context) or own
    _write_down(context, decision)
    if decision.candidate is not None and not context.files.evidence.exists():
        _tell_evidence(context, decision)
    return decision


def _standing(context: RunContext) -> Decision | None:
    """Return the decision on a run: the ledger's or, of an earlier release, that in the run's folder."""
    known, file = settled(context.ledger.engine, context.run_id), context.files.verdict
    record = None if known is None else known.decision
    try:
        if record is None and file.exists():
            record = file.read_json()
        if record is not None:
            return Decision.from_json(record)
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{file.where}: the earlier decision cannot be read ({error}).") from None
    if known is not None:
        raise RunError(f"{file.where}: an earlier release decided {known.verdict}, and its file is gone. Search again.")
    return None


def _decide(context: RunContext) -> Decision:
    """Decide, and write nothing: what is interrupted decides again, with the same number."""
    trials = tuple(read_trials(context.files))
    context.files.collected.parsed(Collected.from_json)  # else the verdict would stand and could not be written down
    if not context.files.pool.exists():
        raise RunError(f"{context.files.location}: an earlier release searched a part of the pool only. Search again.")
    pool = context.files.pool.read_pool()
    permit, champion, record = _permit(context), _champion(context, pool), context.record
    log.info("deciding on %d trials and %d rows; the published config: %s", len(trials), len(pool), _who(champion))
    for note in champion.notes if champion else ():
        log.warning(note)

    def challenges(mask: Mapping[str, ParamValue]) -> int:
        if champion is None or permit is None:
            raise ValueError("nothing is published that could be challenged.")
        return challenger(context.ledger.engine, champion.fingerprint, permit.number, mask)

    return decide(
        Case(
            rules=Rules.of(context.spec, record.worker_sha256, record.pool_sha256),
            trials=trials,
            found=lambda: _found(context, trials, pool),
            pool=pool,
            permit=permit,
            why_not=context.files.run.parsed(Prepared.from_json).why_not,
            champion=champion,
            challenger=challenges,
            changes=None if permit is None else changes_since(context.ledger, pool, record.pool_content, permit.number),
        )
    )


def _permit(context: RunContext) -> Permit | None:
    """Return the decision that the run asked for when it was prepared."""
    if context.record.decision is None:
        return None
    (asked,) = taken(context.ledger.engine, context.record.decision)
    following = share_of(context.settings.alpha, next_number(context.ledger.engine))
    return Permit(asked.number, asked.alpha, asked.alpha_j, following, StrataRule(asked.key.strata))


def _champion(context: RunContext, pool: Pool) -> Champion | None:
    """Return the published config, and which rows of the pool it was not published from."""
    current = context.publisher.current()
    if current is None:
        return None
    config, fingerprint = current
    return champion_of(config, fingerprint, pool, context.publisher.seeds_of(config))


def _found(context: RunContext, trials: tuple[Trial, ...], pool: Pool) -> Found:
    """Return what the search brings: a sweep's fronts, or those among the configs that were tried."""
    policy, largest = context.spec.mask_policy, None
    if traits_of(context.spec.search).walks_grid:
        fronts, widest = context.files.sweep.parsed(lambda record: fronts_of(record, policy))
        if widest is not None and context.spec.finds_optimum:
            largest = counted(widest.values, pool, policy).largest_lift
    else:
        names = objective_params(policy)
        tried = {tuple(trial.params[name] for name in names): None for trial in trials if trial.has_result}
        fronts = fronts_among(tried, pool, policy)
    on_all, *without = (_values(front) for front in fronts)
    log.info("%d contenders on all rows; testing them, and the folds without each fifth of the rows", len(on_all))
    return Found(on_all, tuple(without), largest)


def _who(champion: Champion | None) -> str:
    return "none yet" if champion is None else f"fingerprint {champion.fingerprint[:12]}"


def _values(front: Front) -> tuple[tuple[ParamValue, ...], ...]:
    return tuple(one.values for one in front)


def _write_down(context: RunContext, decision: Decision) -> None:
    """Write the candidate's config, then the verdict, unless they are there."""
    files = context.files
    if files.verdict.exists():
        return
    collected = files.collected.parsed(Collected.from_json)
    config = build_config(context.record, decision, collected, read_trials(files))
    if config is not None:
        files.config.write_json(config)
    files.verdict.write_json(decision.to_json())


def _of_rigs(context: RunContext) -> OfRigs | None:
    """Return what rigs counted of permutations, None where none were asked; what one that lies counted is forgotten."""
    counted = permutations.counted(context.ledger.engine, context.run_id)
    if counted is None:
        return None
    answers = {
        result.request["first"] + place: (result.node, best)
        for result in counted
        for place, best in enumerate(result.evaluation["best"])
    }

    def refuse(node: str, lie: str) -> None:
        permutations.refuse(context.ledger.engine, context.run_id, node)
        log.warning("none of the permutations that %s counted is believed: %s", node, lie)

    return OfRigs(answers, refuse)


def _tell_evidence(context: RunContext, decision: Decision) -> None:
    """Write evidence.json; the verdict stands already, and stands whatever happens here."""
    permit = _permit(context)
    if decision.candidate is None or permit is None or not context.files.pool.exists():
        return
    log.info("the verdict stands; now the evidence beside it: null of the space, plateau, lift by Step 1 trial")
    started = time.monotonic()
    try:
        told = gather(
            read_trials(context.files),
            decision.candidate,
            context.files.pool.read_pool(),
            context.spec,
            Asked(permit.number, permit.alpha_j, permit.strata, context.settings.head_sweep_rows),
            _of_rigs(context),
        )
    except Exception as error:  # what only informs must not turn a verdict into a failed task
        log.exception("the evidence beside the verdict could not be computed; the verdict stands")
        told = {"schema": EVIDENCE_SCHEMA, "error": f"{type(error).__name__}: {error}"}
    context.files.evidence.write_json(told)
    log.info("the evidence is written, %.1f s", time.monotonic() - started)

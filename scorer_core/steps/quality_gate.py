"""quality_gate: seven checks, one verdict, written down once for a run."""

from __future__ import annotations

import logging

from scorer_core.context import RunContext
from scorer_core.errors import RunError
from scorer_core.evidence.gather import EVIDENCE_SCHEMA, gather
from scorer_core.gate.case import Case, Rules
from scorer_core.gate.decide import decide
from scorer_core.gate.decision import Decision
from scorer_core.ledger.decisions import give_back_decision_number, note_verdict, take_decision_number
from scorer_core.pool.split import SPLIT_NAME
from scorer_core.publish.champion import champion_of
from scorer_core.publish.config import build_config
from scorer_core.run.collected import Collected
from scorer_core.run.folder import RunFiles
from scorer_core.run.trials import read_trials

log = logging.getLogger(__name__)


def quality_gate(context: RunContext) -> Decision:
    """Decide on a collected run; a second call returns the first decision and spends no more alpha.

    Raises:
        RunNotFound: the run was not collected yet.
        RunError: an earlier decision is there but cannot be read.
        PublishError: the published config cannot be read, or gives no mask to compare with.
    """
    if context.files.verdict.exists():
        decision = _earlier(context.files)
    else:
        decision = _decide(context)
    if not context.files.evidence.exists():
        _tell_evidence(context, decision)
    return decision


def _decide(context: RunContext) -> Decision:
    """Decide and write the verdict down, the last of all: what is interrupted before decides again, the same."""
    trials = read_trials(context.files)
    collected = Collected.from_json(context.files.collected.read_json())
    replaces = context.publisher.fingerprint()
    champion = champion_of(context.publisher.published())
    for note in champion.notes if champion else ():
        log.warning(note)
    decision = decide(
        Case(
            rules=Rules.of(context.spec, context.record.worker_sha256, context.record.pool_sha256),
            trials=tuple(trials),
            search=context.files.search_pool.read_pool(),
            holdout=context.files.holdout_pool.read_pool(),
            decision=take_decision_number(context.ledger, context.record, SPLIT_NAME),
            champion=champion,
        )
    )
    config = build_config(context.record, decision, collected, trials, replaces)
    if config is not None:
        context.files.config.write_json(config)
    if decision.looked_at_holdout:
        note_verdict(context.ledger, context.run_id, decision.verdict.value)
    else:
        give_back_decision_number(context.ledger, context.run_id)
    context.files.verdict.write_json(decision.to_json())
    return decision


def _tell_evidence(context: RunContext, decision: Decision) -> None:
    """Write evidence.json; the verdict stands already, and stands whatever happens here."""
    if decision.candidate is None:
        return
    try:
        told = gather(
            read_trials(context.files),
            decision.candidate,
            context.files.search_pool.read_pool(),
            context.files.holdout_pool.read_pool() if decision.looked_at_holdout else None,
            context.spec,
            context.settings.head_sweep_rows,
        )
    except Exception as error:  # what only informs must not turn a verdict into a failed task
        log.exception("the evidence beside the verdict could not be computed; the verdict stands")
        told = {"schema": EVIDENCE_SCHEMA, "error": f"{type(error).__name__}: {error}"}
    context.files.evidence.write_json(told)


def _earlier(files: RunFiles) -> Decision:
    try:
        return Decision.from_json(files.verdict.read_json())
    except (ValueError, KeyError) as error:
        raise RunError(f"{files.verdict.where}: the earlier decision cannot be read ({error}).") from None

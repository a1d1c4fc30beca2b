"""quality_gate: seven checks, one verdict, written down once for a run."""

from __future__ import annotations

import logging
from typing import Any

from scorer_core.context import RunContext
from scorer_core.engines import traits_of
from scorer_core.errors import RunError, RunNotFound
from scorer_core.evidence.gather import EVIDENCE_SCHEMA, gather
from scorer_core.gate.case import Case, Rules, TrialFacts
from scorer_core.gate.decide import decide
from scorer_core.gate.decision import Decision
from scorer_core.ledger.decisions import give_back_decision_number, note_verdict, take_decision_number
from scorer_core.pool.split import SPLIT_NAME
from scorer_core.pool.survivors import load_pool
from scorer_core.publish.config import build_config, champion_of
from scorer_core.run.files import read_json, read_json_lines, write_json
from scorer_core.run.folder import RunPaths
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.policies import MaskPolicy

log = logging.getLogger(__name__)


def quality_gate(context: RunContext) -> Decision:
    """Decide on a collected run; a second call returns the first decision and spends no more alpha.

    Raises:
        RunNotFound: the run was not collected yet.
        RunError: an earlier decision is there but cannot be read.
        PublishError: the published config cannot be read.
    """
    if context.paths.verdict.exists():
        decision = _earlier(context.paths)
    else:
        decision = _decide(context)
    if not context.paths.evidence.exists():
        _tell_evidence(context, decision)
    return decision


def _decide(context: RunContext) -> Decision:
    """Decide and write the verdict down, the last of all: what is interrupted before decides again, the same."""
    trials = read_trials(context.paths)
    collected = read_json(context.paths.collected)
    replaces = context.publisher.fingerprint()
    champion = champion_of(context.publisher.champion())
    decision = decide(
        Case(
            rules=Rules.of(context.spec, context.record.worker_sha256, context.record.pool_sha256),
            trials=tuple(_facts(trial) for trial in trials),
            search=load_pool(context.paths.search_pool),
            holdout=load_pool(context.paths.holdout_pool),
            decision=take_decision_number(context.ledger, context.record, SPLIT_NAME),
            champion=champion,
        )
    )
    config = build_config(context.record, decision, collected, trials, replaces)
    if config is not None:
        write_json(context.paths.config, config)
    if decision.looked_at_holdout:
        note_verdict(context.ledger, context.run_id, decision.verdict.value)
    else:
        give_back_decision_number(context.ledger, context.run_id)
    write_json(context.paths.verdict, decision.to_json())
    return decision


def _tell_evidence(context: RunContext, decision: Decision) -> None:
    """Write evidence.json; the verdict stands already, and stands whatever happens here."""
    if decision.candidate is None:
        return
    run = context.record
    try:
        told = gather(
            [_facts(trial) for trial in read_trials(context.paths)],
            decision.candidate,
            load_pool(context.paths.search_pool),
            load_pool(context.paths.holdout_pool) if decision.looked_at_holdout else None,
            run.spec.mask_policy,
            whole_space=traits_of(run.spec.search).walks_grid,
            seed=run.spec.seed or 0,
        )
    except Exception as error:  # what only informs must not turn a verdict into a failed task
        log.exception("the evidence beside the verdict could not be computed; the verdict stands")
        told = {"schema": EVIDENCE_SCHEMA, "error": f"{type(error).__name__}: {error}"}
    write_json(context.paths.evidence, told)


def read_trials(paths: RunPaths) -> list[dict[str, Any]]:
    """Return the records of trials.jsonl.

    Raises:
        RunNotFound: the run was not collected yet.
    """
    try:
        return read_json_lines(paths.trials)
    except FileNotFoundError:
        raise RunNotFound(f"{paths.folder}: the run was not collected yet; there is no {paths.trials.name}.") from None


def _earlier(paths: RunPaths) -> Decision:
    try:
        return Decision.from_json(read_json(paths.verdict))
    except (ValueError, KeyError) as error:
        raise RunError(f"{paths.verdict}: the earlier decision cannot be read ({error}).") from None


def _facts(trial: dict[str, Any]) -> TrialFacts:
    reason, policy = trial.get("reason"), trial.get("mask_policy")
    return TrialFacts(
        number=trial["number"],
        state=trial["state"],
        params=trial["params"] or {},
        objective=trial.get("objective"),
        reason=None if reason is None else Reason(reason),
        sample_size=trial.get("sample_size"),
        worker_sha256=trial.get("worker_sha256"),
        pool_sha256=trial.get("pool_sha256"),
        mask_policy=None if policy is None else MaskPolicy(policy),
    )

"""What was withdrawn stays withdrawn: neither the same run nor the same mask comes back by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from scorer_core.errors import PublishError
from scorer_core.gate.case import mask_words
from scorer_core.ledger.reigns import take_back, withdraw, withdrawn
from scorer_core.publish.champion import refuse_what_no_run_reads
from scorer_core.publish.publisher import RUN_CONTEXT, Publisher, fingerprint_of
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_params


def roll_back(publisher: Publisher, engine: Engine) -> Path:
    """Put the config that was published before the present one back, and return the archive name it had.

    The present one is withdrawn.

    Raises:
        PublishError: there is none, it gives no mask, or another publisher is at work.
    """
    return publisher.rollback(lambda content: note_withdrawal(engine, content), accept=refuse_what_no_run_reads)


def note_withdrawal(engine: Engine, content: bytes) -> None:
    """Remember a published file as withdrawn; one that cannot be read is remembered by its bytes alone."""
    try:
        config = json.loads(content)
        context = config.get(RUN_CONTEXT, {})
        policy = MaskPolicy(context.get("mask_policy", MaskPolicy.MAX_OFFSET.value))
        names = objective_params(policy)
        mask, run_id = mask_words({name: config[name] for name in names}, policy), context.get("run_id")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        mask, run_id = {}, None
    withdraw(engine, fingerprint_of(content), run_id, mask)


def refuse_withdrawn(engine: Engine, content: bytes, config: dict[str, Any], again: bool) -> None:
    """Refuse a config that was withdrawn; `again` forgets that it was.

    Raises:
        PublishError: it, its run or its mask was withdrawn.
    """
    context = config[RUN_CONTEXT]
    run_id, mask = context["run_id"], mask_words(config, MaskPolicy(context["mask_policy"]))
    fingerprint = fingerprint_of(content)
    while (found := withdrawn(engine, fingerprint, run_id, mask)) is not None:
        if not again:
            what = "this run's config" if run_id == found.run_id else "a config with the same mask"
            raise PublishError(
                f"run {run_id}: {what} was withdrawn at {found.withdrawn_at:%Y-%m-%d %H:%M} UTC by `scorer rollback`, "
                "and stays withdrawn. If you want it after all: `scorer publish --again`."
            )
        take_back(engine, found.fingerprint)

"""The question before publish holds what one has to know, and nothing but an answer approves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.providers.standard.exceptions import HITLTimeoutError

from scorer_airflow.operators.approve import ApproveOperator, question
from scorer_core.gate.decision import Decision, Proof
from scorer_core.gate.verdict import Verdict

PROOF = Proof(4498, 1457, 365.2, 3.99, -562.0, 3.576, 3.971, 5, ((290, 73.0),) * 5)
DECISION = Decision(Verdict.PUBLISH, "Publish the config.", (), 1, 0.01, 0.0061, proof=PROOF)
NEW = {"residue_mod_1": 6, "dropout": 0.2, "_run_context": {"mask_policy": "max_offset"}}


def test_it_holds_the_verdict_the_key_numbers_and_what_would_change() -> None:
    told = question(DECISION, NEW, {**NEW, "residue_mod_1": 9})

    assert told.startswith("**PUBLISH**: Publish the config.")
    assert "| guaranteed lift | 3.576 |" in told
    assert "| cross-fitted lift | 3.971 |" in told
    assert "| residue_mod_1 | 9 | 6 |" in told
    assert "dropout" not in told, "it is the same in both"


def test_with_nothing_published_every_parameter_is_new() -> None:
    told = question(DECISION, NEW, None)

    assert "| residue_mod_1 | - | 6 |" in told
    assert "| dropout | - | 0.2 |" in told


def test_a_time_out_never_approves() -> None:
    task = ApproveOperator(task_id="approve", defaults="Approve", response_timeout=timedelta(seconds=1))

    assert task.defaults is None
    with pytest.raises(HITLTimeoutError):
        task.execute_complete({}, {"error": "nobody answered in time", "error_type": "timeout"})

"""Given a ticket and its answer: the trial has what was asked from the ticket, and from the rig what it measured."""

from __future__ import annotations

from scorer_core.ledger.records import Ticket
from scorer_core.ledger.trials import trial_of
from scorer_core.rig.protocol import TrialResult
from scorer_core.run.trials import TicketState
from tests.scorer_core.transport.test_claims import SCORER, SHA, TRIAL


def test_an_evaluation_that_says_more_than_it_measured_changes_nothing_of_its_ticket() -> None:
    more = {"params": {"residue_mod_1": 40}, "number": 99, "state": "failed", "attempts": 7, "node": "x", "extra": 1}
    evaluation = {**SCORER.evaluate(TRIAL).to_json(), **more}
    moments = ("2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01+00:00")
    result = TrialResult(4, TRIAL.to_json(), evaluation, "rig-a", 0, SHA, SHA, *moments, 1.0)

    trial = trial_of(Ticket(4, TicketState.DONE, "rig-a · gpu 0", 1, dict(TRIAL.params), result, None))

    assert (trial.number, trial.state, trial.attempts, trial.node) == (4, TicketState.DONE, 1, "rig-a")
    assert trial.params == TRIAL.params
    assert trial.evaluation == SCORER.evaluate(TRIAL)
    assert "extra" not in trial.to_json()

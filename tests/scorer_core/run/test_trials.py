"""A trial's record, from its line in trials.jsonl and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import RunNotFound
from scorer_core.run.trials import Failure, FailureKind, TicketState, Trial, read_trials
from scorer_core.scoring.objective import Reason
from tests.support.runs import prepare, sample_pool
from tests.support.trials import scored, timed_trial

FAILED = Trial(
    number=3,
    state=TicketState.FAILED,
    params={"residue_mod_1": 9},
    attempts=3,
    failures=(Failure(3, "rig · gpu 1", FailureKind.TIMED_OUT, "60 s"),),
    error="60 s",
)


@pytest.mark.parametrize(
    "trial",
    [
        Trial(0, TicketState.OPEN, {}),
        FAILED,
        replace(timed_trial(2), journalled_on=("rig", "rig-b")),
        replace(timed_trial(2), sample_size=None),
        scored(timed_trial(5), -1.0, Reason.KEEP_TOO_HIGH),
    ],
)
def test_a_trial_comes_back_from_its_line(trial: Trial) -> None:
    line = json.dumps(trial.to_json(), allow_nan=False)

    assert Trial.from_json(json.loads(line)) == trial


def test_a_parameter_that_a_result_of_an_earlier_release_lacks_has_its_default() -> None:
    record = timed_trial(2).to_json()
    del record["params"]["max_offset"]

    assert Trial.from_json(record).params["max_offset"] == 8


def test_a_ticket_without_parameters_or_result_says_null_and_nothing_of_a_result() -> None:
    assert Trial(7, TicketState.LEASED, {}, attempts=1).to_json() == {
        "number": 7,
        "state": "leased",
        "attempts": 1,
        "failures": [],
        "journalled_on": [],
        "params": None,
        "error": None,
    }


@pytest.mark.parametrize(
    ("trial", "counts", "accepted"),
    [
        (timed_trial(0), True, True),
        (scored(timed_trial(0), -1.0, Reason.TOO_SMALL), True, False),
        (scored(timed_trial(0), float("nan")), False, False),
        (replace(timed_trial(0), state=TicketState.FAILED), False, False),
        (replace(timed_trial(0), evaluation=None), False, False),
        (FAILED, False, False),
    ],
)
def test_only_what_is_done_with_a_number_counts_and_only_what_is_not_rejected_is_accepted(
    trial: Trial, counts: bool, accepted: bool
) -> None:
    assert (trial.has_result, trial.accepted) == (counts, accepted)


def test_the_score_of_a_trial_without_a_result_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match=r"trial 3 has no result\."):
        _ = FAILED.score


def test_every_line_of_a_real_run_comes_back(decided: RunContext) -> None:
    lines = decided.files.trials.read_json_lines()

    assert [trial.to_json() for trial in read_trials(decided.files)] == lines
    assert {line["state"] for line in lines} == {"done", "failed"}


def test_a_run_that_was_not_collected_has_no_trials_to_read(tmp_path: Path) -> None:
    context = prepare(tmp_path, sample_pool(size=3000))

    with pytest.raises(RunNotFound, match=r"was not collected yet; there is no trials\.jsonl"):
        read_trials(context.files)


def test_a_run_waits_for_open_and_leased_tickets_alone() -> None:
    assert {state for state in TicketState if not state.ended} == {TicketState.OPEN, TicketState.LEASED}


def test_a_lost_link_alone_speaks_against_nobody() -> None:
    assert {kind for kind in FailureKind if not kind.speaks_against} == {FailureKind.LOST}

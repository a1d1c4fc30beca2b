"""A person answers in the browser, one run so and one otherwise; and what happened goes out by mail, once."""

from __future__ import annotations

import pytest

from sim.demo.stand import Stand
from tests.e2e.airflow_ui import TRIAL
from tests.e2e.answering import Answered
from tests.e2e.watching import LOST, Watched
from tests.support.mail import Mailbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_a_rejection_skips_publish_and_the_verdict_stays(rejected: Answered) -> None:
    assert rejected.ended.end == ("success", "success", "skipped", "success")
    assert rejected.ended.tasks["approve"] == "success"
    assert str(rejected.ended.run["note"]).startswith("PUBLISH: Publish the config with")
    assert rejected.ended.summary["published"] is None


def test_an_approval_publishes(approved: Answered) -> None:
    assert approved.ended.end == ("success", "success", "success", "success")


def test_the_question_holds_the_numbers_and_the_log_of_a_lane_its_trials(
    rejected: Answered, approved: Answered
) -> None:
    for answered, unit in ((rejected, "trial"), (approved, "shard")):
        assert "Publish the new scorer config?" in answered.asked
        assert "cross-fitted lift" in answered.asked
        assert unit in {found[1] for found in TRIAL.finditer(answered.lane)}
        assert (answered.heard.refused, answered.heard.errors) == ([], [])


def test_each_thing_was_told_once_also_when_tasks_are_cleared(
    up: Stand, rejected: Answered, approved: Answered, watched: Watched, mails: Mailbox
) -> None:
    asked = ["PUBLISH", "an approval is waiting"]
    run_id = rejected.ended.run["dag_run_id"]

    assert [task["task_id"] for task in up.client.clear(run_id, "quality_gate", "report")]
    assert up.client.wait(run_id)["state"] == "success"

    assert mails.about(run_id) == asked
    assert mails.about(approved.ended.run["dag_run_id"]) == asked
    lost, *rest = mails.about(watched.run_id)
    assert lost.startswith(LOST), "by a lane of it that failed for good, or by collect"
    assert lost.endswith(" is out")
    assert rest == ["INCONCLUSIVE"], "a run that is red by its verdict is told as that"

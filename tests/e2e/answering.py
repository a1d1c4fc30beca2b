"""A run that asks for an approval, and a person who looks at it and answers in the browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext

from sim.demo.stand import Stand
from tests.e2e.airflow_ui import TRIAL, Heard, answer, lane_log
from tests.e2e.runs import Ended
from tests.e2e.waiting import until


@dataclass(frozen=True)
class Answered:
    """A run whose question was answered in the browser, at its end, and what was seen there."""

    ended: Ended
    asked: str
    lane: str
    heard: Heard


def answered(up: Stand, desk: BrowserContext, choice: str, conf: dict[str, Any]) -> Answered:
    """Trigger a run by REST that asks for an approval, read the log of a lane in the browser, and answer there."""
    reply = up.client.trigger({**conf, "require_approval": True})
    assert reply.is_success, reply.text
    run_id, heard = reply.json()["dag_run_id"], Heard()
    until(lambda: up.client.state(run_id, "approve") == "awaiting_input", "the question to the operator")
    assert not (up.settings.publish_dir / "optimal_scorer_config.json").exists()
    with desk.new_page() as page:
        heard.listen(page)
        worked = next(number for number, log in enumerate(_lane_logs(up, run_id)) if TRIAL.search(log))
        lane = lane_log(page, up.airflow, run_id, worked)
        asked = answer(page, up.airflow, run_id, choice)
    return Answered(Ended.of(up, run_id), asked, lane, heard)


def _lane_logs(up: Stand, run_id: str) -> Iterator[str]:
    lanes = [one for one in up.client.task_instances(run_id) if one["task_id"] == "trial_lane"]
    return map(up.client.log, sorted(lanes, key=lambda one: one["map_index"]))

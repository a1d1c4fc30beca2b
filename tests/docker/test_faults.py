"""Containers killed and restarted in mid-run: exactly `n_trials`, none twice, the verdict as undisturbed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.docker.runs import POOL, begin, ended, pool_of
from tests.docker.stack import HEALTHY_S, Stack

N_TRIALS = 260
CONF = {
    **{"n_trials": N_TRIALS, "sample_size": None, "search": "random", "seed": 1, "survivors_path": POOL},
    "trial_timeout_s": 20,
}
SECONDS = 3.0
FIRST = 30
"""So many trials are done when something happens; lanes then need 25 s more at least."""

Answers = dict[int, tuple[str, str]]


def end(stack: Stack, name: str) -> Answers:
    """Wait for the end of a run; return each trial's parameters and objective. No trial is missing or there twice."""
    assert ended(stack, name)["state"] == "success"
    trials = [json.loads(line) for line in stack.read(f"/srv/scorer/runs/{name}/trials.jsonl").splitlines()]
    assert [trial["number"] for trial in trials] == list(range(N_TRIALS))
    assert {trial["state"] for trial in trials} == {"done"}
    return {trial["number"]: (json.dumps(trial["params"]), repr(trial["objective"])) for trial in trials}


def verdict(stack: Stack, name: str) -> tuple[str, int]:
    told = json.loads(stack.read(f"/srv/scorer/runs/{name}/verdict.json"))
    return told["verdict"], told["candidate"]["trial_number"]


@pytest.fixture(scope="module")
def undisturbed(stack: Stack) -> Answers:
    """The same run, twice before: the first is published, the second finds that config published."""
    pool_of(stack)
    stack.slow_rigs(0)
    for name in ("first", "second"):
        begin(stack, name, CONF)
        answers = end(stack, name)
    stack.slow_rigs(SECONDS)
    assert verdict(stack, "first")[0] == "PUBLISH"
    assert verdict(stack, "second")[0] == "KEEP_CHAMPION"
    return answers


def whole(stack: Stack) -> None:
    stack.compose("stop", "--timeout", "10")
    time.sleep(2)
    stack.up()


FAULTS: dict[str, Callable[[Stack], object]] = {
    "worker-1": lambda stack: stack.crash("worker-1"),
    "scheduler": lambda stack: stack.crash("scheduler"),
    "redis": lambda stack: stack.crash("redis"),
    "postgres": lambda stack: stack.compose("restart", "postgres"),
    "rig-6600b": lambda stack: stack.crash("rig-6600b"),
    "whole": whole,
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_run_survives(stack: Stack, undisturbed: Answers, what: str) -> None:
    name = f"without-{what}"
    begin(stack, name, CONF)
    stack.wait_for_trials(name, FIRST)

    FAULTS[what](stack)
    if what != "whole":
        assert stack.health(what) != "healthy"
    assert stack.done(name) < N_TRIALS if what != "postgres" else True
    recovered = stack.wait_until_healthy(HEALTHY_S)

    assert end(stack, name) == undisturbed
    assert verdict(stack, name) == ("KEEP_CHAMPION", verdict(stack, "first")[1])
    print(f"{what}: all services healthy after {recovered:.0f} s")

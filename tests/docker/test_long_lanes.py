"""Lanes that stay for a quarter of an hour: the broker delivers none of them twice."""

from __future__ import annotations

import re
from collections import Counter

from tests.docker.runs import POOL, begin, ended, pool_of
from tests.docker.stack import Stack

LANES, TRIALS_EACH, SECONDS = 26, 20, 46.0
CONF = {
    **{"n_trials": LANES * TRIALS_EACH, "search": "random", "seed": 1, "survivors_path": POOL},
    "trial_timeout_s": 120,
}
_RECEIVED = re.compile(r"Task execute_workload\[([0-9a-f-]{36})\] received")
_LONG = (
    "SELECT map_index, try_number, extract(epoch FROM end_date - start_date) FROM task_instance "
    "WHERE run_id = 'long' AND task_id = 'trial_lane' ORDER BY map_index"
)


def test_no_lane_of_a_quarter_of_an_hour_is_delivered_twice(stack: Stack) -> None:
    pool_of(stack)
    stack.slow_rigs(SECONDS)
    begin(stack, "long", CONF)

    ended(stack, "long", 1800.0)

    lanes = [line.split("|") for line in stack.sql(_LONG, "airflow").splitlines()]
    assert [(int(index), int(tries)) for index, tries, _ in lanes] == [(index, 1) for index in range(LANES)]
    assert min(float(seconds) for *_, seconds in lanes) > 14 * 60
    received = Counter(
        task for worker in ("worker-1", "worker-2") for task in _RECEIVED.findall(stack.compose("logs", worker))
    )
    assert len(received) >= LANES
    assert set(received.values()) == {1}
    done = stack.sql(
        "SELECT count(*), count(DISTINCT number) FROM scorer_tickets WHERE run_id = 'long' AND state = 'done'"
    )
    assert done == f"{LANES * TRIALS_EACH}|{LANES * TRIALS_EACH}"

"""A lane's log: one line a trial or shard, with what came of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scorer_core.scoring.sweep.layout import SHARE_ONE
from scorer_core.scoring.sweep.outcome import Ranked
from scorer_core.search.told import in_a_line
from tests.support.tickets import result


def test_a_trial_tells_number_objective_lift_and_seconds() -> None:
    assert in_a_line(result(7), 2.345) == "trial 7: objective +0.2500, lift 1.350, 2.35 s"


def test_a_rejected_trial_tells_why() -> None:
    rejected = {"objective": -1.0, "enrich": None, "reason": "too_small"}

    assert in_a_line(replace(result(7), evaluation=rejected), 1.0).startswith(
        "trial 7: objective -1.0000, rejected (too_small)"
    )


def test_a_shard_tells_its_configs_and_its_best() -> None:
    best = Ranked((6, 54, 500, 5), 0.5, 400, 60, 30 * SHARE_ONE)
    swept = {"configs": 169_680, "top": [best.to_json()]}

    line = in_a_line(replace(result(3), evaluation=swept), 0.5)

    assert line == "shard 3: 169,680 configs, best objective +0.5000, lift 2.000, 0.50 s"


@pytest.mark.parametrize("enrich", [1e6, float("inf")])
def test_a_lift_beyond_all_bounds_is_told_and_ends_no_lane(enrich: float) -> None:
    absurd = {"objective": 0.5, "enrich": enrich, "reason": "ok"}

    assert "lift 1000000000" in in_a_line(replace(result(3), evaluation=absurd), 0.5)

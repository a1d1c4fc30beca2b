"""Study `coverage`: how often the true lift lies above the gate's 95 % lower bound, in the runs of `power`.

The bound is conditional on the holdout's margins: rows, minority and kept rows are taken as they
fell. The truth that it is held against is the candidate's expected lift over all seeds (what later
steps would meet), and beside it the expected lift over the very seeds of the holdout, which leaves out
the luck of which seeds fell there. A run counts when its holdout was read, whatever the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.calibration.intervals import share

TRUTHS = {"over_all_seeds": "true_lift", "over_the_holdouts_seeds": "true_lift_here"}


def study(power: Mapping[str, Any]) -> dict[str, Any]:
    """Return the coverage per lift and engine, and in all, from the results of the study `power`."""
    conditions = [
        {"engine": condition["engine"], "lift": condition["lift"], **covered(condition["runs"])}
        for condition in power["conditions"]
    ]
    every = [run for condition in power["conditions"] for run in condition["runs"]]
    return {"confidence": 0.95, "in_all": covered(every), "conditions": conditions}


def covered(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the share of the runs whose true lift is not below the reported bound, for both truths."""
    tested = [run for run in runs if run["lower_bound"] is not None]
    return {
        name: share(sum(run[truth] >= run["lower_bound"] for run in tested), len(tested))
        for name, truth in TRUTHS.items()
    }

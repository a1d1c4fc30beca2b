"""The section on ways to sample of docs/calibration.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.calibration.sections import rate, table

BEST_WAY = "tpe, categories, univariate, liar"


def samplers(result: Mapping[str, Any]) -> str:
    """Return how ways to sample compare."""
    conditions = result["conditions"]
    lifts = [one["lift"] for one in conditions[0]["by_lift"]]
    rows = [
        (
            one["way"],
            rate(one["all"]["published"]),
            *(f"{part['published']['hits']} of {part['published']['runs']}" for part in one["by_lift"]),
            f"{one['all']['true_lift']['mean']:.3f}",
            f"{one['all']['only_this']} / {one['all']['only_chance']}",
            _p_value(one["all"]["p_value"]),
        )
        for one in conditions
    ]
    heads = (
        *("way to sample", "published"),
        *(f"lift {lift:g}" for lift in lifts),
        *("mean true lift of the candidate", "pools where only this / only random published", "McNemar's exact p"),
    )
    return (
        f"## Ways to sample\n\nEach way searches the same {result['pools']} pools with a planted signal: "
        f"{result['trials']} trials of all rows, {result['in_flight']} in flight; alpha {result['alpha']:g}, "
        "first decision. *Eleven*: the parameters that the objective cannot see are searched, too. *Integers* or "
        "*categories*: what the moduli are to Optuna. *Liar*: trials in flight count as bad ones.\n\n"
        + table(heads, rows)
        + f"\nThe engine `tpe` is `{BEST_WAY}`: residues have no neighbourhood, so that a modulus says nothing of the "
        "next one; what can be learned is which values were in good configs. An exact sweep finds more than any way.\n"
    )


def _p_value(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"

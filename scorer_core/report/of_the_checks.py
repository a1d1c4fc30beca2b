"""The gate's checks, as rows of a table: what each saw and needed, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scorer_core.gate.checks.table import TITLES
from scorer_core.report import words
from scorer_core.report.summary import RunSummary

_STATES = {True: ("passed", "✓ passed"), False: ("failed", "✗ failed"), None: ("open", "not evaluated")}
_NAMES = {
    "done": "with a result",
    "unaccounted": "unaccounted for",
    "surplus": "not asked for",
    "sample_size": "sample size",
    "worker_sha256": "worker",
    "pool_sha256": "pool",
    "mask_policy": "policy",
    "accepted": "masks accepted",
    "distinct_objectives": "different",
    "p_space": "p",
    "p_space_at_most": "p at most",
    "kept": "rows kept",
    "minority_kept": "minority kept",
    "expected": "by chance",
    "cross_fitted_lift": "cross-fitted lift",
    "cross_fitted_lift_at_least": "cross-fitted lift from",
    "same_config_in_folds": "folds that agree",
    "ratio": "in standard errors",
    "ratio_at_least": "standard errors from",
}
"""What an observation is called, where its own name is not plain."""
_LOG_P = "log10_p_space"


def checks(summary: RunSummary) -> list[dict[str, Any]]:
    """Return the gate's checks, in their order."""
    return [
        {
            "name": check["name"].replace("_", " "),
            "title": TITLES.get(check["name"], ""),
            "state": _STATES[check["passed"]][0],
            "answer": _STATES[check["passed"]][1],
            "observed": _told(check["observed"]),
            "needed": _told(check["needed"]),
            "meaning": words.powers(check["meaning"]),
        }
        for check in (summary.gate or {}).get("checks", [])
    ]


def _told(seen: Any) -> list[tuple[str, str]]:
    """Return what was seen, name by name; p is told by its logarithm, which a float can hold."""
    if not isinstance(seen, Mapping):
        return words.pairs(seen)
    known = {name: value for name, value in seen.items() if name != _LOG_P or "p_space" not in seen}
    return [(_NAMES.get(name, name.replace("_", " ")), _value(name, value, seen)) for name, value in known.items()]


def _value(name: str, value: Any, seen: Mapping[str, Any]) -> str:
    if name == "p_space" and isinstance(seen.get(_LOG_P), float):
        return words.power_of_ten(seen[_LOG_P])
    if name == "completion" and isinstance(value, (int, float)):
        return words.percent(value)
    return words.pairs({name: value})[0][1]

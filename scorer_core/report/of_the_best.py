"""The best trial, or shard: the highest objective on its own sample, whatever the gate made of it."""

from __future__ import annotations

from typing import Any

from scorer_core.engines import traits_of
from scorer_core.report import words
from scorer_core.report.summary import Best, RunSummary
from scorer_core.run.slot import Slot
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.space import Role, roles


def best_of(summary: RunSummary) -> dict[str, Any] | None:
    """Return the best trial, or shard, with its parameters; None without one.

    `same`: it is the gate's candidate, whose parameters stand beside the published ones.
    """
    best, candidate = summary.best, (summary.gate or {}).get("candidate")
    if best is None:
        return None
    role, sources = roles(summary.spec.mask_policy), summary.spec.sources
    names = [*role, *sorted(set(best.params) - set(role))]
    same = candidate is not None and candidate["params"] == dict(best.params)
    return {
        "told": _told_of_best(summary, best, same, bool(candidate)),
        "same": same,
        "rows": [
            {
                "name": name,
                "value": words.parameter(best.params.get(name, words.NOTHING)),
                "seen": role.get(name) is Role.OBJECTIVE,
                "source": sources.get(name, ""),
            }
            for name in names
        ],
    }


def _told_of_best(summary: RunSummary, best: Best, same: bool, has_candidate: bool) -> str:
    traits, lane = traits_of(summary.spec.search), Slot(best.node, best.gpu).label
    unit = traits.unit.capitalize()
    if best.reason is not Reason.OK:
        why = best.reason.value.replace("_", " ")
        return f"Every mask was rejected; {traits.unit} {best.number} is the first of them ({why})."
    found = f"{unit} {best.number} has the best objective on its own sample"
    if traits.walks_grid:
        found = f"{unit} {best.number} holds the config with the best objective"
    told = f"{found}, {words.number(best.objective)}; it ran on {lane}."
    if same:
        return f"{told} It is the candidate, which the gate tested."
    return f"{told} On all rows another one is the candidate, which the gate tested." if has_candidate else told

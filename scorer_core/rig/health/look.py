"""One look at a rig: every check of a phase, side by side, each within its own time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from scorer_core.rig import gpus
from scorer_core.rig.health.abandon import Unanswered, answers
from scorer_core.rig.health.check import Finding, HealthCheck, Phase, Reading, Scope, State
from scorer_core.rig.health.place import Place, Vitals
from scorer_core.rig.health.table import CHECKS
from scorer_core.rig.programs import remembered

VITALS_S = 14.0
"""Seconds for what the driver says of all GPUs, which several checks read."""


def look(place: Place, phase: Phase, checks: Sequence[HealthCheck] = CHECKS) -> list[Finding]:
    """Make every check of a phase and return what each found, of each GPU or of the node."""
    made = [check for check in checks if phase in check.phases and check.look is not None]
    if any(check.scope is Scope.GPU for check in made):
        place = replace(place, vitals=_vitals(place))
    found = answers({check.name: (partial(_readings, check, place), check.limit_s) for check in made})
    return [finding for check in made for finding in _findings(check, place, found[check.name])]


def _vitals(place: Place) -> dict[int, Vitals]:
    def ask() -> dict[int, dict[str, Any]]:
        return {gpu: asdict(seen) for gpu, seen in gpus.vitals(gpus.GpuVendor(place.vendor), place.gpus).items()}

    said = answers({"vitals": (ask, VITALS_S)})["vitals"]
    if isinstance(said, Unanswered):
        return dict.fromkeys(place.gpus, Vitals(unreadable=f"the driver: {said}"))
    return {int(gpu): Vitals(**seen) for gpu, seen in said.items()}


def _readings(check: HealthCheck, place: Place) -> list[dict[str, Any]]:
    """Return what a check reads at each of its places, in a child of its own."""
    if check.look is None:
        return []
    where = place.gpus if check.scope is Scope.GPU else (0,)
    with remembered():
        return [asdict(check.look(place, gpu)) for gpu in where]


def _findings(check: HealthCheck, place: Place, said: Any) -> list[Finding]:
    where: tuple[int | None, ...] = place.gpus if check.scope is Scope.GPU else (None,)
    if isinstance(said, Unanswered):
        said = [asdict(Reading(State.UNREADABLE, str(said)))] * len(where)
    return [Finding.of(check.name, gpu, _reading(one)) for gpu, one in zip(where, said, strict=True)]


def _reading(said: Mapping[str, Any]) -> Reading:
    return Reading(State(said["state"]), said["reason"], said["values"])

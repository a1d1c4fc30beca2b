"""The published config: each value with its source, what was published before it, and how to go back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scorer_core.errors import PublishError
from scorer_core.publish.publisher import RUN_CONTEXT
from scorer_core.report.gathered import UNFIT
from scorer_core.run.files import from_json_bytes
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import Role, roles
from scorer_core.views.installation import Installation

ROLL_BACK = "scorer rollback"
MAX_SHOWN = 50
_WITHDRAWN = ".withdrawn"


@dataclass(frozen=True)
class Parameter:
    """One of the eleven: `seen` by the objective or read by later steps alone; `source` is empty where not known."""

    name: str
    value: Any
    source: str
    seen: bool


@dataclass(frozen=True)
class Difference:
    """A parameter that another config has otherwise; None where one of them lacks it."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Kept:
    """One published file: the present one has no `number`, archived ones count from 1.

    `replaced_at` is when the next one took its place, or when it was withdrawn. `differences` are against the config
    published before it, None for the first one; `unreadable` says why nothing of it is shown.
    """

    number: int | None
    run_id: str | None
    withdrawn: bool
    replaced_at: datetime | None
    config: Mapping[str, Any]
    differences: tuple[Difference, ...] | None
    unreadable: str = ""


@dataclass(frozen=True)
class PublishedView:
    """What is published; `parameters` is empty where nothing is, or `unreadable` says why it is not shown.

    `history` has the present config first, then at most MAX_SHOWN archived ones, the latest first; `goes_back_to` is
    what `scorer rollback` would publish.
    """

    parameters: tuple[Parameter, ...]
    context: Mapping[str, Any]
    unreadable: str
    history: tuple[Kept, ...]
    archived: int
    goes_back_to: Kept | None


def published_run(installation: Installation) -> str | None:
    """Return the id of the run whose config is published, None where that is not known."""
    try:
        config = installation.publisher.published()
    except PublishError:
        return None
    context = (config or {}).get(RUN_CONTEXT)
    run_id = context.get("run_id") if isinstance(context, Mapping) else None
    return run_id if isinstance(run_id, str) else None


def published_view(installation: Installation) -> PublishedView:
    """Read the published config and its archive."""
    publisher = installation.publisher
    archive = sorted(_archived(publisher.archive), key=_number)
    present = _read(publisher.config, None) if publisher.config.exists() else None
    files = [_read(path, _replaced_at(path)) for path in archive[-MAX_SHOWN - 1 :]]
    line = _with_differences([*files, *([] if present is None else [present])])
    config = {} if present is None else present.config
    context = config.get(RUN_CONTEXT)
    return PublishedView(
        parameters=parameters_of(config),
        context=context if isinstance(context, Mapping) else {},
        unreadable="" if present is None else present.unreadable,
        history=tuple(reversed(line[-MAX_SHOWN:])),
        archived=len(archive),
        goes_back_to=next((one for one in reversed(line) if one.number is not None and not one.withdrawn), None),
    )


def parameters_of(config: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Return the parameters of a published config, those that the objective sees first."""
    context = config.get(RUN_CONTEXT)
    context = context if isinstance(context, Mapping) else {}
    sources = context.get("parameter_sources")
    known = sources if isinstance(sources, Mapping) else {}
    role = _roles(context.get("mask_policy"))
    names = [*(name for name in role if name in config), *sorted(set(config) - set(role) - {RUN_CONTEXT})]
    return tuple(
        Parameter(name, config[name], str(known.get(name, "")), role.get(name) is Role.OBJECTIVE) for name in names
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return the parameters that two configs have otherwise, the mask policy among them, in the later one's order."""
    one, other = _flat(before), _flat(after)
    names = [*other, *(name for name in one if name not in other)]
    return tuple(Difference(name, one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name))


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    context = config.get(RUN_CONTEXT)
    policy = context.get("mask_policy") if isinstance(context, Mapping) else None
    return {"mask_policy": policy, **{name: value for name, value in config.items() if name != RUN_CONTEXT}}


def _roles(policy: object) -> Mapping[str, Role]:
    try:
        return roles(MaskPolicy(policy))
    except ValueError:
        return roles(MaskPolicy.MAX_OFFSET)


def _archived(archive: Path) -> list[Path]:
    try:
        files = [path for path in archive.iterdir() if path.suffix in (".json", _WITHDRAWN)]
    except OSError:
        return []
    return [path for path in files if path.stem.isdecimal()]


def _number(path: Path) -> int:
    return int(path.stem)


def _replaced_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _read(path: Path, replaced_at: datetime | None) -> Kept:
    number = _number(path) if path.stem.isdecimal() else None
    withdrawn, unreadable = path.suffix == _WITHDRAWN, ""
    try:
        config = from_json_bytes(path.read_bytes())
        if not isinstance(config, dict):
            raise TypeError("it is no JSON object")
    except UNFIT as error:
        config, unreadable = {}, f"It cannot be read ({type(error).__name__})."
    context = config.get(RUN_CONTEXT)
    run_id = context.get("run_id") if isinstance(context, Mapping) else None
    return Kept(number, str(run_id) if run_id else None, withdrawn, replaced_at, config, None, unreadable)


def _with_differences(line: list[Kept]) -> list[Kept]:
    """Compare each config with the last one before it that stayed published, the earliest first.

    A withdrawn one that has none, since that was put back, is compared with the present one.
    """
    compared: list[Kept] = []
    before: Kept | None = None
    for one in line:
        other = line[-1] if before is None and one.withdrawn and line[-1].number is None else before
        told = None if other is None or one.unreadable else differences(other.config, one.config)
        compared.append(replace(one, differences=told))
        before = before if one.withdrawn or one.unreadable else one
    return compared

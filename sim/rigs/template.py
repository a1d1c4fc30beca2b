"""The cluster file of the simulation: what each node is, without what the simulation fills in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from sim.rigs.node import NodeSpec, SimulationError

_FILLED_IN = ("ssh", "python", "root")
_KEYS = ("name", "gpu", "max_concurrent", "start_stagger_s", "head")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def read_template(path: Path) -> list[NodeSpec]:
    """Read the nodes of a template, in file order.

    Raises:
        SimulationError: it is missing or malformed, or describes a real cluster.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SimulationError(f"{path}: cannot be read ({error}). Restore it from the repository.") from error
    entries = content.get("nodes") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise SimulationError(f"{path}: expected `nodes:` with a list of nodes.")
    specs = [_read_entry(f"{path.name}, node {number}", entry) for number, entry in enumerate(entries, start=1)]
    return check_names(specs, path.name)


def check_names(specs: list[NodeSpec], where: str) -> list[NodeSpec]:
    """Return the nodes when each name is a plain file name and occurs once.

    Raises:
        SimulationError: there is no node, or a name is unfit or occurs twice.
    """
    names = [spec.name for spec in specs]
    if not names:
        raise SimulationError(f"{where}: a cluster has at least one node.")
    for name in names:
        if not _NAME.fullmatch(name):
            raise SimulationError(f"{where}: {name!r} is no node name. Use letters, digits, dots and dashes.")
        if names.count(name) > 1:
            raise SimulationError(f"{where}: node {name} occurs twice. Rename one.")
    return specs


def _read_entry(where: str, entry: Any) -> NodeSpec:
    if not isinstance(entry, dict):
        raise SimulationError(f"{where}: expected the node's keys ({', '.join(_KEYS)}).")
    for key in entry:
        if key in _FILLED_IN:
            raise SimulationError(f"{where}: the simulation fills in `{key}` itself. Remove it here.")
        if key not in _KEYS:
            raise SimulationError(f"{where}: unknown key `{key}`. Known: {', '.join(_KEYS)}.")
    gpu = entry.get("gpu")
    try:
        return NodeSpec(
            name=str(entry["name"]),
            vendor=str(gpu["vendor"]),  # type: ignore[index]
            gpus=int(gpu["count"]),  # type: ignore[index]
            max_concurrent=None if entry.get("max_concurrent") is None else int(entry["max_concurrent"]),
            start_stagger_s=float(entry.get("start_stagger_s", 0.0)),
            head=bool(entry.get("head", False)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SimulationError(f"{where}: a key is missing or of the wrong type ({error!r}).") from error

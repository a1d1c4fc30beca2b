"""What a run's folder does not tell of it: how other runs did, what was published, which nodes it went without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Beside:
    """What the ledger and the folder of the published config tell beside the run's own folder.

    `regret` says how a sampling search fell short of a sweep, `published_before` what was published when the gate
    decided (`config_record`), `left_out` on which nodes the run had no lane, and why; `failed_attempts` is None where
    nobody counted.
    """

    regret: Record | None = None
    published_before: Record | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    failed_attempts: int | None = None


NOTHING_BESIDE = Beside()


def config_record(config: Record, context_key: str) -> dict[str, Any]:
    """Return of a published config what is shown beside another one: its run, its parameters, and what it proved.

    Raises:
        TypeError: its context, its gate or its proof is no JSON object.
    """
    context = _object(config.get(context_key))
    gate = _object(context.get("gate"))
    proof = _object(gate.get("proof"))
    names = ("guaranteed_lift", "cross_fitted_lift", "log10_p_space")
    return {
        "run_id": context.get("run_id"),
        "params": {name: value for name, value in config.items() if name != context_key},
        **{name: proof.get(name) for name in names},
    }


def _object(value: object) -> Record:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError("it is no JSON object")
    return value

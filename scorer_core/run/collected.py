"""collected.json: how budget, ledger, journals and study of a run were made to agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_TEXTS = ("unreachable", "taken_out", "refused", "distrusted", "slow")


@dataclass(frozen=True)
class Collected:
    """The reconciliation: counts of tickets and results, and what each node's journals held.

    `refused` says of a node which lines of its journals are no answers to what it was asked, `distrusted` why nothing
    that it answered stands; `checked` answers were compared with the head's own, and to `agreed` shards two rigs gave
    the same answer. `stopped` says who stopped the run, and when; `slow`
    how much longer the trials of a node took than the others'.
    """

    budget: int
    executed: int
    collected: int
    recovered: int
    reported: int
    failed: int
    torn_lines: int
    journalled: Mapping[str, int]
    unreachable: Mapping[str, str]
    taken_out: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    distrusted: Mapping[str, str] = field(default_factory=dict)
    checked: int = 0
    agreed: int = 0
    stopped: str = ""
    slow: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Collected:
        """Build it from what `to_json` gave; raises TypeError when a field is missing, unknown, or of another kind."""
        found = cls(**record)
        for name, value in vars(found).items():
            if name == "stopped" and isinstance(value, str):
                continue
            if name in _TEXTS and isinstance(value, dict):
                odd = [one for one in value.values() if not isinstance(one, str)]
            else:
                counts = value.values() if name == "journalled" and isinstance(value, dict) else [value]
                odd = [one for one in counts if type(one) is not int]
            if odd:
                raise TypeError(f"its {name} is {value!r}")
        return found

"""run.json: what a run was given when it was prepared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from scorer_core.spec import RunSpec


@dataclass(frozen=True)
class Prepared:
    """A run's inputs. `why_not` says why it asked for no decision; empty where it did."""

    run_id: str
    spec: RunSpec
    created_at: datetime
    worker_sha256: str
    pool_sha256: str
    pool_content: str
    rows: int
    minority_share: float | None
    why_not: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the content of run.json; `from_json` reads it back."""
        return {**vars(self), "spec": self.spec.to_record(), "created_at": self.created_at.isoformat()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Prepared:
        """Build it from what `to_json` gave, or an earlier release, which held rows of the pool back.

        Raises:
            KeyError, TypeError, ValueError: the record is none.
            SpecError: its spec is no spec.
        """
        parsed = {
            "spec": RunSpec.from_record(record["spec"]),
            "created_at": datetime.fromisoformat(record["created_at"]),
            "rows": rows_of(record["rows"]),
            "minority_share": _share_of(record.get("minority_share")),
        }
        known = {field.name for field in fields(cls)}
        return cls(**{**{name: value for name, value in record.items() if name in known}, **parsed})


def rows_of(record: Any) -> int:
    """Return the rows of a pool; release 0.1.0 wrote those of its parts, too."""
    return int(record["pool"] if isinstance(record, Mapping) else record)


def _share_of(record: Any) -> float | None:
    """Return the minority's share; None where it is not known. Raises TypeError for what is no number."""
    if record is not None and type(record) not in (int, float):
        raise TypeError(f"minority_share is {record!r}")
    return None if record is None else float(record)

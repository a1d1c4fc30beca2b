"""run.json: what a run was given when it was prepared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from scorer_core.spec import RunSpec


@dataclass(frozen=True)
class Rows:
    """Rows of the pool, and of the two parts that it was split into."""

    pool: int
    search: int
    holdout: int


@dataclass(frozen=True)
class Prepared:
    """A run's inputs; `split` names the rule that split the pool, `minority_share` is the whole pool's."""

    run_id: str
    spec: RunSpec
    created_at: datetime
    worker_sha256: str
    pool_sha256: str
    pool_content: str
    split: str
    rows: Rows
    minority_share: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the content of run.json; `from_json` reads it back."""
        fields = {**vars(self), "spec": self.spec.to_record(), "rows": asdict(self.rows)}
        return {**fields, "created_at": self.created_at.isoformat()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Prepared:
        """Build it from what `to_json` gave; a run of an early release has no minority share.

        Raises:
            KeyError, TypeError, ValueError: the record is none.
            SpecError: its spec is no spec.
        """
        parsed = {
            "spec": RunSpec.from_record(record["spec"]),
            "created_at": datetime.fromisoformat(record["created_at"]),
            "rows": Rows(**record["rows"]),
            "minority_share": record.get("minority_share"),
        }
        return cls(**{**record, **parsed})

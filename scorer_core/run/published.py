"""published.json: what came of the publication of a run's config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Published:
    """Where the config now is, where the previous one went, and when, as ISO 8601 in UTC."""

    config: str
    archived: str | None
    published_at: str

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Published:
        """Build it from what `to_json` gave; raises TypeError when a field is missing or unknown."""
        return cls(**record)

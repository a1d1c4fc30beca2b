"""What a benchmark says: lines of a table, and the numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Line:
    """One line of the table: what was measured, the figure in words, what was asked for, and whether it is met."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Result:
    """One benchmark: its lines, and all its numbers as JSON values."""

    lines: tuple[Line, ...]
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Size:
    """How much of everything: the sizes that the issue names, or a hundredth to try the program out."""

    quick: bool = False

    def of(self, full: int, quick: int) -> int:
        """Return one of two sizes."""
        return quick if self.quick else full

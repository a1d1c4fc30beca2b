"""One GPU of one node."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """One GPU of one node, as a lane holds it."""

    node: str
    gpu: int

    @property
    def label(self) -> str:
        """Return the lane's name in the UI."""
        return f"{self.node} · gpu {self.gpu}"

"""One GPU of one node."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Slot:
    """One GPU of one node, as a lane holds it; where a run does not say how long a trial may take, the slot does."""

    node: str
    gpu: int
    trial_timeout_s: float = field(default=60.0, compare=False)

    @property
    def label(self) -> str:
        """Return the lane's name in the UI."""
        return f"{self.node} · gpu {self.gpu}"

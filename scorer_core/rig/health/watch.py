"""How a worker looks at its own GPU: by a process of its own, since a look forks, and what it asks may hang."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scorer_core.rig.health.check import Finding, Phase, State
from scorer_core.rig.programs import ask_later

LOOK_S = 30.0
Answer = Callable[[], dict[str, Any]]
"""Waits for what a look found, as the body of a `health` message."""


@dataclass(frozen=True)
class Watch:
    """Looks at one GPU of a vendor, from a worker below `root`."""

    root: str
    vendor: str
    gpu: int

    def look(self, phase: Phase) -> Answer:
        """Begin a look; what it found is waited for by calling what is returned."""
        words = (f"--root={self.root}", f"--vendor={self.vendor}", f"--gpu={self.gpu}", f"--phase={phase.value}")
        said = ask_later(sys.executable, ("-I", sys.argv[0], "health", *words), limit_s=LOOK_S)

        def answer() -> dict[str, Any]:
            found = said()
            try:
                return dict(json.loads(found.output))
            except ValueError:
                why = found.problem or f"the look at the GPU ended with {found.output.strip()[-200:]!r}"
                # A look that broke says nothing against the GPU, and drains none; one that hangs does.
                check = "driver" if found.exit_code is None else "temperature"
                return {"findings": [Finding(check, self.gpu, State.UNREADABLE, why).to_json()]}

        return answer

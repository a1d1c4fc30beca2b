"""Scripts that a rig runs before it has a worker: one file each, standard library only.

They travel as an argument of `python -c`, so that nothing needs to be there beforehand.
"""

from __future__ import annotations

from pathlib import Path


def source(name: str) -> str:
    """Return the text of a script: `clean`, `present`, `install` or `journals`."""
    return (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")

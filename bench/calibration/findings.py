"""What the recorded results say in words: where one misses its target, and why."""

from __future__ import annotations

FINDINGS: dict[str, str] = {}
"""By study."""

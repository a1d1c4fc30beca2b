"""How much memory scoring may take. Standard library only: the settings begin with this number."""

from __future__ import annotations

CACHE_MB = 256
"""MiB of residues that a scorer holds, unless it is told otherwise."""

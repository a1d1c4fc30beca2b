"""What makes a stratum: a setting of the installation, read where numpy is not needed."""

from __future__ import annotations

from enum import StrEnum


class StrataRule(StrEnum):
    """What makes a stratum: a Step 1 trial, or the whole pool where trial numbers mean nothing."""

    TRIAL = "trial"
    NONE = "none"

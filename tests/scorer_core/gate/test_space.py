"""The space that is paid for is the whole space of a policy, and it is known by its values."""

from __future__ import annotations

import pytest

from scorer_core.gate import space
from scorer_core.gate.space import space_size, space_version
from scorer_core.scoring.policies import MaskPolicy


def test_the_sizes_are_those_of_the_two_policies() -> None:
    assert space_size(MaskPolicy.MAX_OFFSET) == 24_264_240
    assert space_size(MaskPolicy.KEEP_FRACTION) == 131_026_896


def test_another_policy_or_another_objective_is_another_space(monkeypatch: pytest.MonkeyPatch) -> None:
    before = space_version(MaskPolicy.MAX_OFFSET)
    assert before == space_version(MaskPolicy.MAX_OFFSET) != space_version(MaskPolicy.KEEP_FRACTION)
    assert len(before) <= 60, "as long as the ledger has room for"

    monkeypatch.setattr(space, "OBJECTIVE_VERSION", "enrichment-5")

    assert space_version(MaskPolicy.MAX_OFFSET) != before

"""The table of mask policies: each member has a row that keeps what the sweep and the mask rely on."""

from __future__ import annotations

import itertools

import pytest

from scorer_core.scoring.policies import MaskPolicy, rules_of
from scorer_core.scoring.space import objective_params


@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_a_policys_parameter_bears_its_name_and_is_the_last_that_the_objective_sees(policy: MaskPolicy) -> None:
    assert rules_of(policy).reach.name == policy.value == objective_params(policy)[-1]
    assert rules_of(policy).words


@pytest.mark.parametrize("policy", list(MaskPolicy))
@pytest.mark.parametrize("modulus", [5, 20, 50, 149, 500, 1500])
def test_what_votes_at_one_reach_votes_at_every_larger_one(policy: MaskPolicy, modulus: int) -> None:
    """The sweep counts by levels: it needs this of every policy."""
    rules = rules_of(policy)
    votes = [rules.votes(modulus, reach) for reach in rules.reach.values()]

    for narrow, wide in itertools.pairwise(votes):
        assert wide.start <= narrow.start < narrow.stop <= wide.stop
    assert 0 <= votes[-1].start < votes[-1].stop <= modulus
    assert {one.step for one in votes} == {1}


def test_a_value_that_is_no_policy_has_no_row() -> None:
    with pytest.raises(AssertionError, match="'all' is not told apart"):
        rules_of("all")  # type: ignore[arg-type]

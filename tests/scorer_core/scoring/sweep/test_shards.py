"""The shards cover the space once, and travel as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scorer_core.errors import RequestError
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import objective_space
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.scoring.sweep.outcome import TOP, Ranked, ShardOutcome
from scorer_core.scoring.sweep.shards import ShardRequest, shard_count, shard_params

OFFSET = MaskPolicy.MAX_OFFSET
GOOD: dict[str, Any] = ShardRequest(3, shard_params(OFFSET, 3), OFFSET).to_json()


@pytest.mark.parametrize(("policy", "size"), [("max_offset", 24_264_240), ("keep_fraction", 131_026_896)])
def test_every_config_is_in_exactly_one_shard(policy: str, size: int) -> None:
    grid = full_grid(MaskPolicy(policy))
    parts = [
        grid.with_mods_3(*shard_params(grid.policy, number).values()) for number in range(shard_count(grid.policy))
    ]

    assert [mod for part in parts for mod in part.moduli(3)] == list(grid.moduli(3))
    assert sum(part.size for part in parts) == grid.size == size


def test_the_fractions_are_eighty_one_hundredths() -> None:
    fractions = full_grid(MaskPolicy.KEEP_FRACTION).reaches

    assert [round(100 * fraction) for fraction in fractions] == list(range(10, 91))
    assert all(fraction == float(f"{fraction:.2f}") for fraction in fractions)


@pytest.mark.parametrize("number", [-1, 143])
def test_a_shard_that_does_not_exist_is_refused(number: int) -> None:
    with pytest.raises(RequestError, match="there are 143, counted from 0"):
        shard_params(OFFSET, number)


def test_a_request_comes_back_from_its_json() -> None:
    assert ShardRequest.from_json(json.loads(json.dumps(GOOD))).to_json() == GOOD


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trial_number": -1}, "trial_number is -1"),
        ({"trial_number": True}, "trial_number is True"),
        ({"sample_size": 0}, "sample_size is 0; it must be null or a positive integer"),
        ({"params": {**GOOD["params"], "residue_mod_1": 21}}, "cannot pin residue_mod_1 to 21"),
        ({"params": {**GOOD["params"], "dropout": 0.2}}, "cannot pin dropout"),
        ({"params": {**GOOD["params"], "residue_mod_3": 1000}}, "lies in 1000 to 1000"),
        ({"mask_policy": "all"}, "mask_policy 'all' is not known"),
        ({"params": {"residue_mod_3_low": 500}}, "two integers"),
        ({"params": {"residue_mod_3_low": 500, "residue_mod_3_high": 506.0}}, "two integers"),
        ({"params": {"residue_mod_3_low": 499, "residue_mod_3_high": 506}}, "lies in 500 to 1500"),
        ({"params": {"residue_mod_3_low": 507, "residue_mod_3_high": 500}}, "lies in 500 to 1500"),
        ({"more": 1}, r"a shard request needs exactly the keys .*; wrong: \['more'\]"),
    ],
)
def test_a_bad_request_is_refused_with_what_is_wrong(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        ShardRequest.from_json({**GOOD, **change})


@pytest.mark.parametrize("policy", list(MaskPolicy))
def test_the_best_config_names_what_the_objective_sees(policy: MaskPolicy) -> None:
    params = Ranked(full_grid(policy).values_at(0), 0.5).params(policy)

    assert list(params) == [param.name for param in objective_space(policy)]
    assert all(param.contains(params[param.name]) for param in objective_space(policy))


@pytest.mark.parametrize(
    ("pinned", "shards", "size"),
    [
        ({"residue_mod_1": 12}, 143, 24_264_240 // 16),
        ({"residue_mod_3": 1000}, 1, 24_264_240 // 1001),
        ({"residue_mod_1": 12, "residue_mod_2": 100, "residue_mod_3": 1000, "max_offset": 8}, 1, 1),
    ],
)
def test_what_is_pinned_leaves_a_part_of_the_space(pinned: dict[str, int], shards: int, size: int) -> None:
    requests = [
        ShardRequest(number, shard_params(OFFSET, number, pinned), OFFSET)
        for number in range(shard_count(OFFSET, pinned))
    ]

    assert len(requests) == shards
    assert sum(request.grid.size for request in requests) == size
    assert [ShardRequest.from_json(request.to_json()) for request in requests] == requests


def test_the_longest_outcome_fits_into_a_line_and_comes_back() -> None:
    grid = full_grid(MaskPolicy.KEEP_FRACTION)
    top = tuple(Ranked(grid.values_at(grid.size - 1), -0.12345678901234567) for _ in range(TOP))
    outcome = ShardOutcome(916_272, {"ok": 916_272, "too_small": 0, "keep_too_low": 0, "keep_too_high": 0}, top)
    text = json.dumps(outcome.to_json())

    assert len(text) < 16 * 1024
    assert ShardOutcome.from_json(json.loads(text)) == outcome

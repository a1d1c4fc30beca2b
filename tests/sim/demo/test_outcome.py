"""The end of a demo says whether what was published is what was planted."""

from __future__ import annotations

import re

from sim.demo.outcome import against_the_plant
from sim.pools import PoolKind, make_pool
from sim.pools.planted import PLANTED_PARAMS


def test_the_planted_config_is_known_again_by_its_mask() -> None:
    columns = make_pool(PoolKind.PLANTED, 10_000, 1)

    same = against_the_plant({**PLANTED_PARAMS, "dropout": 0.5}, columns)
    other = against_the_plant({**PLANTED_PARAMS, "residue_mod_2": 53}, columns)

    assert re.fullmatch(r"the planted one: lift (\d\.\d{3}), planted \1, on all rows", same)
    assert other.startswith("not the planted one: lift ")

"""The sample pools as their callers get them: complete, loadable, reproducible, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scorer_core.errors import InputError
from scorer_core.pool.files import write_columns
from scorer_core.pool.survivors import OPTIONAL_FIELDS, REQUIRED_FIELDS, load_pool
from sim.pools import MAX_SIZE, MIN_SIZE, PoolKind, make_pool

every_kind = pytest.mark.parametrize("kind", list(PoolKind))


@every_kind
def test_a_pool_has_every_field_of_the_contract_in_one_length(kind: PoolKind) -> None:
    columns = make_pool(kind, 2000, seed=1)
    assert set(columns) == {*REQUIRED_FIELDS, *OPTIONAL_FIELDS}
    assert {column.shape for column in columns.values()} == {columns["seeds"].shape}
    assert set(columns["prng_type"].tolist()) == {"java_lcg"}


@every_kind
@pytest.mark.parametrize("size", [MIN_SIZE, 2000])
def test_a_pool_is_accepted_by_the_loader(kind: PoolKind, size: int, tmp_path: Path) -> None:
    columns = make_pool(kind, size, seed=1)
    write_columns(tmp_path / "pool.npz", columns)
    pool = load_pool(tmp_path / "pool.npz")
    assert pool.seeds.tolist() == sorted(columns["seeds"].tolist())
    assert pool.minority.tolist() == (columns["skip_mode"] == 1).tolist()
    assert set(pool.extras) == set(OPTIONAL_FIELDS)


@every_kind
def test_the_carried_along_fields_agree_with_each_other(kind: PoolKind) -> None:
    c = make_pool(kind, 2000, seed=1)
    needed = -(-c["window_size"] // 4)
    for way in ("forward", "reverse"):
        matches = np.rint(c[f"{way}_matches"] * c["window_size"])
        assert (matches >= needed).all()
        assert (matches <= c["window_size"]).all()
        assert (c[f"{way}_count"] == c[f"{way}_only_count"] + c["bidirectional_count"]).all()
        assert c[f"{way}_only_count"].min() >= 0
        assert c[f"{way}_only_count"].max() > 0
    for trial in np.unique(c["trial_number"]):
        for mode in (0, 1):
            rows = (c["trial_number"] == trial) & (c["skip_mode"] == mode)
            assert (c["bidirectional_count"][rows] >= rows.sum()).all()
            assert len(np.unique(c["forward_count"][rows])) <= 1


@every_kind
def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(kind: PoolKind, tmp_path: Path) -> None:
    written = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_columns(tmp_path / name, make_pool(kind, 2000, seed))
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert written[0] != written[2]


def test_a_sieve_examines_as_many_seeds_as_asked_and_the_others_have_as_many_survivors() -> None:
    assert make_pool(PoolKind.SIEVE, 3000, seed=1)["seeds"].max() < 3000
    assert len(make_pool(PoolKind.PLANTED, 3000, seed=1)["seeds"]) == 3000
    assert len(make_pool(PoolKind.NULL, 3000, seed=1)["seeds"]) == 3000


def test_the_lift_asked_for_is_planted() -> None:
    columns = make_pool(PoolKind.PLANTED, 5000, seed=1, lift=2.0)
    seeds = columns["seeds"].astype(int)
    kept = (1 * (seeds % 6 < 5) + (seeds % 54 < 5) + (seeds % 500 < 5)) >= 2
    assert columns["skip_mode"][kept].mean() / columns["skip_mode"].mean() == pytest.approx(2.0, rel=0.01)


@every_kind
@pytest.mark.parametrize("size", [-1, 0, MIN_SIZE - 1, MAX_SIZE + 1])
def test_a_size_out_of_range_is_refused_with_the_limits(kind: PoolKind, size: int) -> None:
    with pytest.raises(InputError, match=f"pool size {size} is out of range; it must be from 100 to 5000000"):
        make_pool(kind, size, seed=0)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(InputError, match="pool seed -3 is negative"):
        make_pool(PoolKind.NULL, 1000, seed=-3)


@pytest.mark.parametrize("kind", [PoolKind.SIEVE, PoolKind.NULL])
def test_a_lift_is_refused_where_nothing_is_planted(kind: PoolKind) -> None:
    with pytest.raises(InputError, match=f"a {kind.value} pool has no lift"):
        make_pool(kind, 1000, seed=0, lift=2.0)


@pytest.mark.parametrize("lift", [0.5, 9.975, 40.0])
def test_a_lift_that_cannot_be_planted_is_refused_with_the_limit(lift: float) -> None:
    with pytest.raises(InputError, match=r"the lift must be from 1 to 9\.974\."):
        make_pool(PoolKind.PLANTED, 44_647, seed=0, lift=lift)


def test_a_sieve_that_finds_one_class_only_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.pools.sieve.SIEVE_TRIALS", 1)
    monkeypatch.setattr("sim.pools.sieve.WINDOW_SIZES", (6, 6))
    with pytest.raises(InputError, match="Give it more seeds to examine"):
        make_pool(PoolKind.SIEVE, 200, seed=0)

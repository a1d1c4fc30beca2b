"""`sample-pool` makes the pools of the package sim."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import pytest

from scorer_core.cli.pools import DEFAULT_SIZE, Kind
from scorer_core.pool.survivors import OPTIONAL_FIELDS, load_pool
from sim import pools
from tests.scorer_core.cli.installation import Installation, the_only_line


@pytest.mark.parametrize("kind", list(pools.PoolKind))
def test_every_kind_is_made_with_all_fields(installation: Installation, tmp_path: Path, kind: pools.PoolKind) -> None:
    out = tmp_path / "pool.npz"

    made = installation.scorer("sample-pool", "--kind", kind.value, "--size", 3000, "--seed", 1, "--out", out)

    pool = load_pool(out)
    assert made.exit_code == 0
    assert made.stdout == f"{out}: {len(pool)} survivors, {pool.minority_share:.1%} of them minority.\n"
    assert set(pool.extras) == set(OPTIONAL_FIELDS)
    assert list(pool.seeds) == list(pools.make_pool(kind, 3000, 1, None)["seeds"])


def test_a_lift_is_planted(installation: Installation, tmp_path: Path) -> None:
    files = {lift: tmp_path / f"{lift}.npz" for lift in (1.5, 3.0)}
    for lift, out in files.items():
        assert installation.scorer("sample-pool", "--kind", "planted", "--lift", lift, "--out", out).exit_code == 0

    assert load_pool(files[1.5]).minority.tolist() != load_pool(files[3.0]).minority.tolist()
    assert len(load_pool(files[1.5])) == DEFAULT_SIZE


def test_kinds_and_default_size_are_those_of_the_package() -> None:
    assert list(get_args(Kind)) == [kind.value for kind in pools.PoolKind]
    assert DEFAULT_SIZE == pools.DEFAULT_SIZE


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--kind", "real"], "Invalid value for '--kind': 'real' is not one of 'sieve', 'planted', 'null'."),
        (["--kind", "null", "--size", "many"], "Invalid value for '--size': needs a valid integer"),
        (["--kind", "null", "--size", 5], "pool size 5 is out of range; it must be from"),
        (["--kind", "null", "--seed", -1], "pool seed -1 is negative"),
        (["--kind", "null", "--lift", 2], "a null pool has no lift to choose"),
        (["--kind", "planted", "--lift", "nan"], "lift nan cannot be planted"),
    ],
)
def test_a_bad_option_makes_nothing(
    installation: Installation, tmp_path: Path, options: list[object], message: str
) -> None:
    failed = installation.scorer("sample-pool", *options, "--out", tmp_path / "pool.npz")

    assert (failed.exit_code, failed.stdout) == (2, "")
    assert the_only_line(failed.stderr).startswith(f"error: {message}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("out", "message"), [("pool.json", "let its name end in .npz"), ("no/pool.npz", "cannot be written (No such file")]
)
def test_a_bad_place_is_named(installation: Installation, tmp_path: Path, out: str, message: str) -> None:
    failed = installation.scorer("sample-pool", "--kind", "null", "--size", 1000, "--out", tmp_path / out)

    line = the_only_line(failed.stderr)
    assert failed.exit_code == 2
    assert str(tmp_path / out) in line
    assert message in line


def test_without_the_package_sim_the_message_says_so(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head node has no need of it."""
    for name in ("sim", "sim.pools"):
        monkeypatch.setitem(sys.modules, name, None)  # makes its import fail as if it were not there

    failed = installation.scorer("sample-pool", "--kind", "null", "--out", tmp_path / "pool.npz")

    assert failed.exit_code == 2
    assert "the package `sim`, which is not installed" in the_only_line(failed.stderr)

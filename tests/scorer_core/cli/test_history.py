"""`scorer gate-history`: one pool is one pool, whatever its file; every decision of the installation is listed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from scorer_core.context import RunContext
from scorer_core.pool.survivors import load_pool
from scorer_core.spending import share_of
from scorer_core.steps.collect import collect
from scorer_core.steps.quality_gate import quality_gate
from tests.scorer_core.cli.installation import Installation
from tests.support.pools import write_npz, write_packed_npz
from tests.support.runs import prepare, run_trials, sample_pool

pytestmark = pytest.mark.slow


def decided(home: Path, pool_file: Path, run_id: str) -> RunContext:
    context = prepare(home, load_pool(pool_file), run_id)
    run_trials(context)
    collect(context, None)
    quality_gate(context)
    return context


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One pool three times: as it is, renamed with its rows shuffled, and as JSON."""
    folder, pool = tmp_path_factory.mktemp("copies"), sample_pool("null", size=3000)
    columns = pool.to_columns()
    order = np.random.default_rng(2).permutation(len(pool))
    write_npz(folder / "pool.npz", **columns)
    write_packed_npz(folder / "other.npz", **{name: column[order] for name, column in columns.items()})
    records = [dict(zip(columns, map(int, row), strict=True)) for row in zip(*columns.values(), strict=True)]
    (folder / "again.json").write_text(
        json.dumps([{**one, "skip_mode": "variable" if one["skip_mode"] else "constant"} for one in records])
    )
    return [folder / name for name in ("pool.npz", "other.npz", "again.json")]


def test_a_pool_is_decided_once_whatever_its_file(installation: Installation, copies: list[Path]) -> None:
    for number, copy in enumerate(copies, start=1):
        context = decided(installation.home, copy, f"run-{number}")
        quality_gate(context)  # a cleared task spends nothing more

    (listed,) = json.loads(installation.scorer("gate-history", "--pool", copies[1], "--json").stdout)

    assert (listed["run_id"], listed["decision"], listed["alpha_j"]) == ("run-1", 1, share_of(0.01, 1))
    assert listed["verdicts"] == ["INCONCLUSIVE"] * 3
    assert (listed["mask_policy"], listed["strata"]) == ("max_offset", "trial")


def test_the_table_shows_a_life_and_what_the_next_may_spend(installation: Installation, copies: list[Path]) -> None:
    pool = load_pool(copies[0])
    decided(installation.home, copies[0], "first")
    prepare(installation.home, pool.rows(np.arange(2_900)), "cancelled")

    text = installation.scorer("gate-history").stdout
    only = json.loads(installation.scorer("gate-history", "--json", "--pool", copies[0]).stdout)

    assert "undecided" in text
    assert "decision 3, the next that is new, may spend 0.00068 of 0.01" in text
    assert [one["run_id"] for one in only] == ["first"]


def test_without_decisions_there_is_nothing_to_list(installation: Installation) -> None:
    assert json.loads(installation.scorer("gate-history", "--json").stdout) == []

"""Given a run whose lanes have worked: nothing on a rig tells a single seed of the holdout."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from scorer_core.context import RunContext
from scorer_core.pool.split import split_pool
from scorer_core.pool.survivors import load_pool, pool_from_columns
from scorer_core.steps.gpu_slots import gpu_slots
from sim.rigs.cluster import NodeSpec, SimCluster
from tests.integration.rigs import Lanes, deploy_all, make_settings
from tests.support.pools import small_columns
from tests.support.prepared import prepared

pytestmark = pytest.mark.slow

FIRST_SEED = 7_000_000_000  # no other number on a rig is as large as a seed


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunContext, SimCluster]]:
    """A run whose budget was spent on a simulated node."""
    folder = tmp_path_factory.mktemp("holdout")
    columns = small_columns(4000)
    pool = pool_from_columns({**columns, "seeds": columns["seeds"].astype(np.uint64) + FIRST_SEED}, where="pool")
    with SimCluster.start(None, folder / "cluster", nodes=[NodeSpec("rig-a", "nvidia", 1)]) as cluster:
        context = prepared(make_settings(folder / "home", cluster.inventory), pool, n_trials=6, search="random", seed=1)
        inventory = deploy_all(context)
        lanes = Lanes(context, gpu_slots(inventory, {"rig-a": 60.0}, 1))
        lanes.join()
        assert lanes.errors == {}
        yield context, cluster


def numbers_in(content: bytes) -> set[int]:
    return {int(digits) for digits in re.findall(rb"\d{10,20}", content)}


def seeds_told_by(path: Path) -> set[int]:
    """Return every number of a file that may be a seed: written out, or in an array."""
    found = numbers_in(path.read_bytes())
    if not zipfile.is_zipfile(path):
        return found
    if path.suffix == ".npz":
        with np.load(path) as archive:
            return found.union(*({int(value) for value in archive[name].ravel()} for name in archive.files))
    with zipfile.ZipFile(path) as archive:
        return found.union(*(numbers_in(archive.read(name)) for name in archive.namelist()))


def test_the_pool_on_the_rig_is_the_search_part_whole(worked: tuple[RunContext, SimCluster]) -> None:
    context, cluster = worked
    (path,) = (cluster.node("rig-a").home / "scorer" / "pools").iterdir()

    on_rig, search = load_pool(path), context.files.search_pool.read_pool()
    assert path.name == f"{context.record.pool_sha256}.npz"
    assert np.array_equal(on_rig.seeds, search.seeds)
    assert np.array_equal(on_rig.minority, search.minority)
    assert on_rig.extras == {}


def test_no_file_on_the_rig_tells_a_seed_of_the_holdout(worked: tuple[RunContext, SimCluster]) -> None:
    context, cluster = worked
    whole = load_pool(context.settings.data_dir / context.spec.survivors_path)
    split = split_pool(whole)
    holdout, search = ({int(seed) for seed in part.seeds} for part in (split.holdout, split.search))
    home = cluster.node("rig-a").home

    files = [path for path in home.rglob("*") if path.is_file()]
    told = {path.relative_to(home / "scorer").as_posix(): seeds_told_by(path) for path in files}
    assert set(told) == {
        f"workers/{context.record.worker_sha256}/worker.pyz",
        f"pools/{context.record.pool_sha256}.npz",
        f"tables/{context.record.pool_sha256}.max_offset.table",
        f"tables/.{context.record.pool_sha256}.max_offset.table.lock",
        "runs/run-1/gpu0.jsonl",
        "locks/gpu0.lock",
    }
    assert {name: seeds & holdout for name, seeds in told.items() if seeds & holdout} == {}
    assert search <= told[f"pools/{context.record.pool_sha256}.npz"]
    assert len(holdout) > 1000


def test_the_search_for_seeds_finds_those_that_are_there(worked: tuple[RunContext, SimCluster]) -> None:
    context, _ = worked
    holdout = {int(seed) for seed in context.files.holdout_pool.read_pool().seeds}

    assert holdout <= seeds_told_by(Path(context.files.holdout_pool.where))
    text = Path(context.files.location) / "note.txt"
    text.write_text(f"seed {min(holdout)}.")
    assert seeds_told_by(text) & holdout == {min(holdout)}

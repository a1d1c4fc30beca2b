"""A rig's table is made once, is used whole or not at all, and stays while somebody has it mapped."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from scorer_core.errors import TableError
from scorer_core.pool.files import npz_bytes
from scorer_core.pool.survivors import Pool
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.scripts.clean import clean
from scorer_core.rig.tables import ensure_table, mapped_table, refuse_network
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.shards import ShardRequest, shard_params
from scorer_core.scoring.sweep.table import size_of_table
from scorer_core.scoring.trial import TrialRequest

POLICY = "max_offset"
ROWS = 4000


def pool_columns() -> Pool:
    rng = np.random.default_rng(5)
    seeds = rng.choice(2**40, ROWS, replace=False).astype(np.uint64)
    return Pool(seeds, rng.random(ROWS) < 0.2, rng.integers(0, 30, ROWS))


@pytest.fixture
def paths(tmp_path: Path) -> RigPaths:
    return RigPaths(PurePosixPath(tmp_path))


@pytest.fixture
def sha256(paths: RigPaths) -> str:
    pool = pool_columns()
    content = npz_bytes(pool.to_columns())
    digest = hashlib.sha256(content).hexdigest()
    file = Path(paths.pool(digest))
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return digest


def ensure(paths: RigPaths, sha256: str) -> bool:
    return ensure_table(paths, sha256, POLICY, lambda words: None)[1]


def test_answers_from_a_mapped_table_are_those_of_the_pool(paths: RigPaths, sha256: str) -> None:
    ensure(paths, sha256)
    rows = mapped_table(paths, sha256, POLICY)
    mapped, own = PoolScorer(rows.columns, 2**20, rows), PoolScorer.of(pool_columns())
    params = {"residue_mod_1": 9, "residue_mod_2": 100, "residue_mod_3": 1000, "max_offset": 9}
    policy = MaskPolicy.MAX_OFFSET

    for size in (None, 450):
        trial = TrialRequest(3, params, size, policy)
        assert mapped.evaluate(trial) == own.evaluate(trial)
        shard = ShardRequest(3, {**shard_params(policy, 3), "residue_mod_1": 9}, policy, size)
        assert mapped.sweep(shard) == own.sweep(shard)


def test_it_is_made_once_and_no_larger_than_said(paths: RigPaths, sha256: str) -> None:
    assert ensure(paths, sha256)
    assert not ensure(paths, sha256)
    assert Path(paths.table(sha256, POLICY)).stat().st_size <= size_of_table(ROWS, MaskPolicy.MAX_OFFSET)


def test_one_that_was_altered_is_made_again(paths: RigPaths, sha256: str) -> None:
    ensure(paths, sha256)
    table = Path(paths.table(sha256, POLICY))
    whole = table.read_bytes()
    table.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))

    with pytest.raises(TableError, match="torn or altered"):
        mapped_table(paths, sha256, POLICY)
    assert ensure(paths, sha256)
    assert table.read_bytes() == whole


def test_another_pools_table_under_this_name_is_refused(paths: RigPaths, sha256: str) -> None:
    ensure(paths, sha256)
    other = "0" * 64
    os.rename(paths.table(sha256, POLICY), paths.table(other, POLICY))

    with pytest.raises(TableError, match="says that it is of"):
        mapped_table(paths, other, POLICY)


def test_two_that_make_it_at_once_make_one(paths: RigPaths, sha256: str) -> None:
    made: list[bool] = []
    threads = [threading.Thread(target=lambda: made.append(ensure(paths, sha256))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(made) == [False, True]
    mapped_table(paths, sha256, POLICY)


def test_a_maker_that_is_killed_half_way_leaves_no_table_and_blocks_nobody(paths: RigPaths, sha256: str) -> None:
    stops = (
        "import sys, time; from pathlib import PurePosixPath; from scorer_core.rig.paths import RigPaths\n"
        "from scorer_core.rig.tables import ensure_table\n"
        "def wait(words):\n"
        "    print(words, flush=True)\n"
        "    if words == 'writing': time.sleep(60)\n"
        f"ensure_table(RigPaths(PurePosixPath({str(paths.root)!r})), {sha256!r}, {POLICY!r}, wait)\n"
    )
    with subprocess.Popen([sys.executable, "-c", stops], stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None
        assert any(line.strip() == "writing" for line in iter(maker.stdout.readline, ""))
        maker.send_signal(signal.SIGKILL)

    assert not Path(paths.table(sha256, POLICY)).exists()
    assert ensure(paths, sha256)


def test_retention_leaves_a_mapped_table_and_removes_it_afterwards(paths: RigPaths, sha256: str) -> None:
    ensure(paths, sha256)
    table, root = Path(paths.table(sha256, POLICY)), Path(paths.root)
    os.utime(table, (0, 0))
    holds = (
        f"from scorer_core.pool.tables import map_table; from pathlib import Path; map_table(Path({str(table)!r}))\n"
    )
    wait = "print('mapped', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holds + wait], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "mapped\n"
        assert clean(root, 1, 30.0, set(), 1e9)["tables"] == []
        holder.communicate("\n")

    assert clean(root, 1, 30.0, {f"{sha256}.npz"}, 1e9)["tables"] == [], "a run in progress needs it"
    assert clean(root, 1, 30.0, set(), 1e9)["tables"] == [table.name]


@pytest.mark.parametrize(("kind", "refused"), [("nfs4", True), ("ext4", False)])
def test_a_root_on_another_machines_disk_is_refused(tmp_path: Path, kind: str, refused: bool) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} {kind} rw 0 0\n")
    folder = tmp_path / "root"
    folder.mkdir()

    if not refused:
        return refuse_network(folder, mounts)
    with pytest.raises(TableError, match=r"network file system \(nfs4\).*tables: false"):
        refuse_network(folder, mounts)

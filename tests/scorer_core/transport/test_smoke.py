"""A node that answers as the head does is timed; how long a trial may take there follows from that."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, cast

import pytest

from scorer_core.cluster import Node
from scorer_core.errors import RigLost, RigUnfit
from scorer_core.pool.survivors import Pool
from scorer_core.rig.check import check
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.shards import HIGH, LOW, ShardRequest, shard_params
from scorer_core.transport.port import RigTransport
from scorer_core.transport.smoke import SMOKE_REQUEST, Work, derived_timeout_s, smoke_test
from tests.support.pools import small_pool
from tests.support.prepared import make_node

POLICY = MaskPolicy.MAX_OFFSET
PINS = {"residue_mod_1": 9, "residue_mod_2": 122}


class Rig:
    """A node in memory: each line is answered at once, as `alter` lets it pass."""

    def __init__(self, node: Node, pool: Pool, alter: dict[str, Any] | None = None) -> None:
        self.node, self.command = node, ""
        self._pool, self._alter = pool, alter or {}
        self._lines: list[bytes] = []

    def open(self, command: str) -> Rig:
        self.command = command
        self.send(b"")
        return self

    def send(self, data: bytes) -> None:
        replies = io.BytesIO()
        check(PoolScorer.of(self._pool), io.BytesIO(data), replies)
        first, *others = replies.getvalue().splitlines()
        self._lines += (
            [json.dumps({**json.loads(line), **self._alter}).encode() for line in others] if data else [first]
        )

    def receive_line(self, timeout_s: float) -> bytes:
        return self._lines.pop(0)

    def close(self) -> None: ...


def node_of(home: Path, **changes: Any) -> Node:
    return Node.model_validate(make_node(home, "rig-a", **changes))


def run(rig: Rig, pool: Pool, work: Work) -> float:
    ticks = iter((100.0, 102.5))
    return smoke_test(
        cast(RigTransport, rig),
        worker_sha256="a" * 64,
        pool_sha256="b" * 64,
        pool=lambda: pool,
        table="max_offset",
        work=work,
        clock=lambda: next(ticks),
    )


def shard(sample_size: int | None = None) -> ShardRequest:
    return ShardRequest(0, shard_params(POLICY, 0, PINS), POLICY, sample_size)


def test_a_shard_is_timed_by_one_of_its_moduli_and_a_trial_as_it_is() -> None:
    whole = ShardRequest(0, shard_params(POLICY, 0), POLICY)

    work = Work.of(whole)

    assert cast(ShardRequest, work.part).params == {LOW: 500, HIGH: 500}
    assert (work.parts, work.part.trial_number) == (7, 0)
    assert Work.of(SMOKE_REQUEST) == Work(SMOKE_REQUEST, 1)


@pytest.mark.parametrize("sample_size", [None, 300])
def test_a_node_that_answers_rightly_is_timed_by_the_head(tmp_path: Path, sample_size: int | None) -> None:
    pool, rig_node = small_pool(800), node_of(tmp_path, threads=2)
    rig = Rig(rig_node, pool)
    work = Work.of(shard(sample_size))

    assert run(rig, pool, work) == 2.5 * work.parts
    assert "--threads=2" in rig.command
    assert "--table=max_offset" in rig.command


@pytest.mark.parametrize("work", [Work(), Work.of(shard())], ids=["trial", "shard"])
@pytest.mark.parametrize("alter", [{"objective": 0.5, "top": []}, {"configs": 3, "subset_n": 3}])
def test_a_node_that_answers_otherwise_is_unfit(tmp_path: Path, work: Work, alter: dict[str, Any]) -> None:
    pool = small_pool(800)

    with pytest.raises(RigUnfit, match="rig-a: the smoke test's answer is "):
        run(Rig(node_of(tmp_path), pool, alter), pool, work)


def test_what_a_node_says_on_its_way_out_is_the_reason(tmp_path: Path) -> None:
    class Ends(Rig):
        def receive_line(self, timeout_s: float) -> bytes:
            raise RigLost("rig-a", 'the remote process ended. \n{"error": "PoolError", "message": "no pool"}')

    with pytest.raises(RigUnfit, match="rig-a: no pool"):
        run(Ends(node_of(tmp_path), small_pool(800)), small_pool(800), Work())


@pytest.mark.parametrize(
    ("estimate_s", "cores", "node", "timeout_s"),
    [
        (0.2, 8, {}, 60.0),
        (20.0, 8, {}, 200.0),
        (20.0, 2, {"gpu": {"count": 8}}, 800.0),
        (20.0, 4, {"gpu": {"count": 8}, "threads": 4}, 1600.0),
        (20.0, 2, {"gpu": {"count": 8}, "max_concurrent": 2}, 200.0),
        (20.0, 0, {}, 400.0),
        (10_000.0, 8, {}, 21_600.0),
    ],
)
def test_a_time_out_is_ten_tickets_on_shared_cores_within_a_minute_and_six_hours(
    tmp_path: Path, estimate_s: float, cores: int, node: dict[str, Any], timeout_s: float
) -> None:
    assert derived_timeout_s(estimate_s, node_of(tmp_path, **node), cores) == timeout_s

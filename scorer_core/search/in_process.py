"""Trials in the caller's own process: the same answers as a worker's, without a rig."""

from __future__ import annotations

from collections.abc import Callable

from scorer_core.pool.survivors import Pool
from scorer_core.rig.protocol import Request, TrialResult
from scorer_core.rig.worker import Origin, run_request
from scorer_core.scoring.scorer import PoolScorer

NODE = "in-process"


class InProcessRunner:
    """Runs trials and shards on a pool in memory, one at a time; `on_result` is told each result."""

    def __init__(
        self,
        pool: Pool,
        *,
        worker_sha256: str,
        pool_sha256: str,
        cache_bytes: int,
        on_result: Callable[[TrialResult], None] = lambda _result: None,
    ) -> None:
        self._scorer = PoolScorer.of(pool, cache_bytes)
        self._origin = Origin(NODE, 0, worker_sha256, pool_sha256)
        self._on_result = on_result

    def run(self, request: Request, timeout_s: float) -> TrialResult:
        """Run one trial to its end: nobody else holds this thread, so that no time-out could end it."""
        del timeout_s
        result = run_request(self._scorer, request, self._origin)
        self._on_result(result)
        return result

    def keep_alive(self) -> None:
        """Do nothing: this process needs no sign of life from itself."""

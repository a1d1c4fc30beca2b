"""Answers of the worker, each computed once in this process: tests that sweep the same pool ask for the same shards."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from scorer_core.pool.survivors import Pool
from scorer_core.rig.protocol import Request, TrialResult
from scorer_core.rig.worker import Origin, run_request
from scorer_core.scoring.scorer import PoolScorer

_computed: dict[str, TrialResult] = {}
"""By pool and request."""


def computed_once(scorer: PoolScorer, request: Request, origin: Origin) -> TrialResult:
    """Answer a request as a worker there does; what was computed for another rig or run is not computed anew."""
    key = json.dumps([origin.pool_sha256, request.to_json()], sort_keys=True)
    if key not in _computed:
        _computed[key] = run_request(scorer, request, origin)
    return replace(_computed[key], **asdict(origin))


class OnceRunner:
    """Runs trials and shards on a pool in memory."""

    def __init__(self, pool: Pool, origin: Origin) -> None:
        self._scorer, self._origin = PoolScorer.of(pool), origin

    def run(self, request: Request, timeout_s: float) -> TrialResult:
        del timeout_s
        return computed_once(self._scorer, request, self._origin)

    def keep_alive(self) -> None:
        pass

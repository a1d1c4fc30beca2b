"""`python -m bench.performance.mapped`: a worker's part without its protocol, on a table that it maps; prints JSON."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from pathlib import Path, PurePosixPath

import numpy as np

from bench.performance.trial import median_ms, random_requests
from scorer_core.rig.paths import RigPaths
from scorer_core.rig.worker import scorer_on
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.scorer import PoolScorer
from scorer_core.scoring.sweep.shards import ShardRequest, shard_count, shard_params

POLICY = MaskPolicy.MAX_OFFSET
_LOOK_EVERY_S = 0.02


class OwnMemory:
    """Watches the pages of this process that nobody shares: mapped files apart."""

    def __init__(self) -> None:
        self.most_mb = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.most_mb = max(self.most_mb, own_mb())
            time.sleep(_LOOK_EVERY_S)


def own_mb(process: str = "self") -> float:
    """Return a process's own pages in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:"))


def main() -> None:
    """Sweep shards, score trials, say how long it took and how much memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root")
    parser.add_argument("pool_sha256")
    parser.add_argument("shards", type=int)
    parser.add_argument("trials", type=int)
    parser.add_argument("--stay", action="store_true", help="until standard input ends")
    args = parser.parse_args()
    memory, started = OwnMemory(), time.process_time()
    scorer = scorer_on(RigPaths(PurePosixPath(args.root)), "bench", pool_sha256=args.pool_sha256, table=POLICY.value)
    mapped_s = time.process_time() - started
    seconds = sweep(scorer, args.shards)
    swept_mb = memory.most_mb
    trials = median_ms(scorer, random_requests(args.trials, None)) if args.trials else None
    told = {
        "mapped_s": mapped_s,
        "shards": seconds,
        "trial_ms": trials,
        "own_mb": swept_mb,
        "own_with_trials_mb": memory.most_mb,
    }
    sys.stdout.write(json.dumps({**told, "whole_s": whole_s(seconds)}) + "\n")
    sys.stdout.flush()
    if args.stay:
        sys.stdin.read()


def sweep(scorer: PoolScorer, shards: int) -> list[float]:
    """Sweep so many shards, evenly chosen, the first among them; return the CPU seconds of each."""
    seconds = []
    for number in np.unique(np.linspace(0, shard_count(POLICY) - 1, shards).astype(int)).tolist():
        started = time.process_time()
        scorer.sweep(ShardRequest(number, shard_params(POLICY, number), POLICY))
        seconds.append(time.process_time() - started)
    return seconds


def whole_s(seconds: list[float]) -> float:
    """Return the seconds of all shards on one core: measured, or the first and the mean of those that follow."""
    later = statistics.mean(seconds[1:]) if len(seconds) > 1 else seconds[0]
    return seconds[0] + (shard_count(POLICY) - 1) * later


if __name__ == "__main__":
    main()

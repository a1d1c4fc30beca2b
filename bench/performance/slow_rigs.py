"""How often a rig is called slow after one run of 100 trials: one that is three times slower, and one that is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.calibration.intervals import share
from bench.performance.result import Line, Result, Size
from scorer_core.fleet.speed import speeds

RUNS, TRIALS, SEED = 2_000, 100, 5
SLOW = "slow"
CLUSTERS: dict[str, dict[str, int]] = {
    "26 GPUs, 8 of them slow": {"head": 2, "rig-b": 8, "rig-c": 8, SLOW: 8},
    "26 GPUs, 2 of them slow": {"head": 8, "rig-b": 8, "rig-c": 8, SLOW: 2},
    "two rigs with a GPU each": {"rig-b": 1, SLOW: 1},
}
THREE_TIMES, A_LITTLE, NOT = 3.0, 1.2, 1.0
_MOST_MISSED, _MOST_WRONG = 0.05, 0.05


@dataclass(frozen=True)
class Named:
    """In how many of some runs the slow rig was named, and in how many any other one."""

    runs: int
    slow: int
    others: int


def measure(size: Size) -> Result:
    """Make runs of each cluster whose slow rig takes so many times as long, and look who is named."""
    runs = size.of(RUNS, 20)
    found = {
        (name, factor): named(factor, gpus, runs)
        for name, gpus in CLUSTERS.items()
        for factor in (THREE_TIMES, A_LITTLE, NOT)
    }
    lines = []
    for name in CLUSTERS:
        three, little, same = (found[name, factor] for factor in (THREE_TIMES, A_LITTLE, NOT))
        wrong = max(little.slow, same.slow, *(one.others for one in (three, little, same)))
        lines += [
            Line(
                f"a rig that takes 3 times as long is named after {TRIALS} trials; {name}",
                _told(three.slow, runs),
                f"≥ {1 - _MOST_MISSED:.0%}",
                three.slow / runs >= 1 - _MOST_MISSED,
            ),
            Line(
                f"one that is not is named: it takes as long, or {A_LITTLE} times; or another rig is; {name}",
                f"as long {_told(same.slow, runs)}; {A_LITTLE} times {_told(little.slow, runs)}; another rig "
                f"{_told(max(one.others for one in (three, little, same)), runs)}",
                f"≤ {_MOST_WRONG:.0%}",
                wrong / runs <= _MOST_WRONG,
            ),
        ]
    return Result(tuple(lines), {f"{name}, {factor:g} times": vars(one) for (name, factor), one in found.items()})


def named(factor: float, gpus: dict[str, int], runs: int) -> Named:
    """Return who is named in runs of a cluster whose rig SLOW takes `factor` times as long."""
    rng = np.random.default_rng(SEED)
    found = [{one.node for one in speeds(a_run(rng, gpus, factor)) if one.slow} for _ in range(runs)]
    return Named(runs, sum(SLOW in nodes for nodes in found), sum(bool(nodes - {SLOW}) for nodes in found))


def a_run(
    rng: np.random.Generator, gpus: dict[str, int], factor: float, trials: int = TRIALS
) -> dict[str, list[float]]:
    """Return the seconds of a run's trials by rig.

    Lanes take the next trial when they are free; noise of a quarter, two trials in a hundred held up five times.
    """
    of_node = {node: float(np.exp(rng.normal(0, 0.05))) * (factor if node == SLOW else 1.0) for node in gpus}
    free = {(node, gpu): float(rng.uniform(0, 0.2)) for node, count in gpus.items() for gpu in range(count)}
    taken: dict[str, list[float]] = {node: [] for node in gpus}
    for _ in range(trials):
        lane = min(free, key=lambda one: free[one])
        seconds = of_node[lane[0]] * float(np.exp(rng.normal(0, 0.25))) * (5.0 if rng.random() < 0.02 else 1.0)
        free[lane] += seconds
        taken[lane[0]].append(seconds)
    return taken


def _told(count: int, runs: int) -> str:
    of = share(count, runs)
    return f"{of['rate']:.1%} of {runs:,} runs ({of['low']:.1%} to {of['high']:.1%})"

"""The sieve again, in plain Python integers, one seed and one step at a time: slow and obviously right."""

from __future__ import annotations

from collections.abc import Iterator

from sim.pools.sieve import SieveTrial


class Path:
    """One seed's outputs by number of steps, remembered."""

    def __init__(self, seed: int) -> None:
        self.states = [seed]

    def output(self, steps: int) -> int:
        while len(self.states) <= steps:
            self.states.append((25214903917 * self.states[-1] + 11) % 2**48)
        return (self.states[steps] >> 16) % 1000


def constant(path: Path, offset: int, skip_min: int, skip_max: int, draws: tuple[int, ...]) -> int:
    best = 0
    for skip in range(skip_min, skip_max + 1):
        step, matches = offset, 0
        for draw in draws:
            step += skip
            step += 1
            matches += path.output(step) == draw
        best = max(best, matches)
    return best


def nearest_first(expected: int, width: int) -> Iterator[int]:
    yield expected
    for distance in range(1, width + 1):
        yield expected - distance
        yield expected + distance


def variable(path: Path, offset: int, skip_min: int, skip_max: int, draws: tuple[int, ...], width: int) -> int:
    step, matches, expected = offset, 0, (skip_min + skip_max) // 2
    for draw in draws:
        for skip in nearest_first(expected, width):
            if skip_min <= skip <= skip_max and path.output(step + skip + 1) == draw:
                matches += 1
                expected = skip
                break
        step += expected + 1
    return matches


def finds(seeds: range, trials: list[SieveTrial], width: int) -> set[tuple[int, ...]]:
    """Return (seed, skip mode, trial index, forward matches, reverse matches) of every find."""
    found: set[tuple[int, ...]] = set()
    for seed in seeds:
        path = Path(seed)
        for index, trial in enumerate(trials):
            t = trial.settings
            where = (path, t.offset, t.skip_min, t.skip_max)
            for mode in (0, 1):
                both = []
                for draws in (trial.draws, tuple(reversed(trial.draws))):
                    both.append(variable(*where, draws, width) if mode else constant(*where, draws))
                if all(4 * matches >= len(trial.draws) for matches in both):
                    found.add((seed, mode, index, *both))
    return found

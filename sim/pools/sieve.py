"""A real, small Step 1: finds the seeds that could have produced the draws of one hidden seed.

A sieve trial looks at a window of draws. A seed's path is: advance `offset` steps; then, for each
draw, advance `skip` steps and take the next output. A path survives when at least a quarter of its
outputs equal the window's draws, each in its place. The *constant* pass tries every skip of the
trial's range, one skip for the whole path. The *variable* pass walks one path and looks, at each
draw, for a match among the nearby skips. In both, a seed has to survive the window (forward) and the
window's draws in reverse order, each time with skips of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sim.pools.fields import CONSTANT, VARIABLE, Columns, Finds, Tallies, TrialSettings, pool_columns, score
from sim.pools.lcg import OUTPUTS, outputs

# Windows of 3 and 4 draws ask for one match and find thousands of 50,000 seeds; 5 and 6 ask for two and find a few.
SIEVE_TRIALS = 17
WINDOW_SIZES = (3, 6)
OFFSETS = (0, 99)
# The wider the skip range, the more `constant` survivors: together the trials let most seeds through.
SKIP_MIN = (0, 20)
SKIP_SPAN = (80, 160)
# Skips searched on each side of the expected one: the wider, the more `variable` survivors (here 18 to 24 %).
NEARBY_SKIPS = 32
# Draws of the hidden seed; a window starts anywhere among them.
HISTORY = 100
_CHUNK = 2048  # seeds whose outputs are held at once, 4 MB of them: a processor's cache, not its memory
_NO_OUTPUT = OUTPUTS  # pads the table of outputs on both sides; equals no draw
_DELTAS = np.array(sorted(range(-NEARBY_SKIPS, NEARBY_SKIPS + 1), key=lambda delta: (abs(delta), delta)))


@dataclass(frozen=True)
class SieveTrial:
    """A trial's settings and the draws of its window, in their order."""

    settings: TrialSettings
    draws: tuple[int, ...]


def sieve_pool(size: int, rng: np.random.Generator) -> Columns:
    """Sieve the seeds 0 to `size - 1` against draws of one hidden seed among them; return the survivors."""
    seeds = np.arange(size, dtype=np.uint64)
    trials = random_trials(size, rng)
    finds, tallies = run_sieve(seeds, trials)
    settings = [trial.settings for trial in trials]
    return pool_columns(best_finds(finds, settings), settings, tallies)


def random_trials(size: int, rng: np.random.Generator) -> list[SieveTrial]:
    """Choose a hidden seed below `size` and windows of its draws, each with its own settings."""
    hidden = rng.integers(size, size=1, dtype=np.uint64)
    history = outputs(hidden, np.arange(1, HISTORY + 1))[0]
    trials = []
    for number in range(SIEVE_TRIALS):
        settings = random_settings(number, rng)
        start = int(rng.integers(HISTORY - settings.window_size, endpoint=True))
        draws = tuple(int(draw) for draw in history[start : start + settings.window_size])
        trials.append(SieveTrial(settings, draws))
    return trials


def random_settings(number: int, rng: np.random.Generator) -> TrialSettings:
    """Return a trial's settings, each uniform in its range."""
    window_size, offset, skip_min, span = (
        int(rng.integers(low, high, endpoint=True)) for low, high in (WINDOW_SIZES, OFFSETS, SKIP_MIN, SKIP_SPAN)
    )
    return TrialSettings(number, window_size, offset, skip_min, skip_min + span)


def run_sieve(seeds: NDArray[np.uint64], trials: Sequence[SieveTrial]) -> tuple[Finds, Tallies]:
    """Run both passes of every trial over `seeds`, shape (n,).

    Returns:
        Every find (a seed may occur many times) in the order of trial within a chunk of seeds,
        and the number of survivors of each pass.
    """
    tallies = Tallies(*(np.zeros((len(trials), 2), dtype=np.int64) for _ in range(3)))
    finds: list[Finds] = []
    last_step = max(t.settings.offset + t.settings.window_size * (t.settings.skip_max + 1) for t in trials)
    for start in range(0, len(seeds), _CHUNK):
        chunk = seeds[start : start + _CHUNK]
        table = output_table(chunk, last_step)
        for index, trial in enumerate(trials):
            for mode, matches in ((CONSTANT, constant_matches), (VARIABLE, variable_matches)):
                forward = matches(table, trial.settings, trial.draws)
                reverse = matches(table, trial.settings, trial.draws[::-1])
                needed = trial.settings.matches_needed
                both = np.flatnonzero((forward >= needed) & (reverse >= needed))
                tallies.forward[index, mode] += np.count_nonzero(forward >= needed)
                tallies.reverse[index, mode] += np.count_nonzero(reverse >= needed)
                tallies.both[index, mode] += len(both)
                where = np.full(len(both), index, dtype=np.intp)
                label = np.full(len(both), mode, dtype=np.uint8)
                finds.append(Finds(chunk[both], label, where, forward[both], reverse[both]))
    return _joined(finds), tallies


def output_table(seeds: NDArray[np.uint64], last_step: int) -> NDArray[np.uint16]:
    """Return the outputs after 0 to `last_step` steps, `NEARBY_SKIPS` columns of padding on both sides."""
    table = outputs(seeds, np.arange(last_step + 1))
    padding = np.full((len(seeds), NEARBY_SKIPS), _NO_OUTPUT, dtype=np.uint16)
    return np.concatenate([padding, table, padding], axis=1)


def constant_matches(table: NDArray[np.uint16], settings: TrialSettings, draws: Sequence[int]) -> NDArray[np.int64]:
    """Return each seed's matches, shape (n,), with the best constant skip of the range."""
    skips = settings.skip_max - settings.skip_min + 1
    matches = np.zeros((len(table), skips), dtype=np.int8)
    for place, draw in enumerate(draws, start=1):
        # A skip more moves the draw in this place by `place` steps.
        first = NEARBY_SKIPS + settings.offset + place * (settings.skip_min + 1)
        matches += table[:, first : first + place * (skips - 1) + 1 : place] == draw
    return np.asarray(matches.max(axis=1), dtype=np.int64)


def variable_matches(table: NDArray[np.uint16], settings: TrialSettings, draws: Sequence[int]) -> NDArray[np.int64]:
    """Return each seed's matches, shape (n,), on a path that searches the skips near the expected one.

    The middle of the range is expected at first, then the skip that matched last. At each draw the
    nearest skip within `NEARBY_SKIPS` and the range that matches is taken, of two equally near the
    smaller; when none matches, the expected skip.
    """
    seed = np.arange(len(table))
    step = np.full(len(table), settings.offset)
    expected = np.full(len(table), (settings.skip_min + settings.skip_max) // 2)
    matches = np.zeros(len(table), dtype=np.int64)
    windows = sliding_window_view(table, 2 * NEARBY_SKIPS + 1, axis=1)
    for draw in draws:
        # The padding moves the window by NEARBY_SKIPS columns: its first is the smallest nearby skip.
        near = windows[seed, step + 1 + expected] == draw
        some = np.flatnonzero(near.any(axis=1))
        skips = expected[some, np.newaxis] + _DELTAS
        allowed = (skips >= settings.skip_min) & (skips <= settings.skip_max)
        allowed &= near[some][:, _DELTAS + NEARBY_SKIPS]
        nearest = allowed.argmax(axis=1)
        hit = allowed.any(axis=1)
        expected[some[hit]] += _DELTAS[nearest[hit]]
        matches[some[hit]] += 1
        step += 1 + expected
    return matches


def best_finds(finds: Finds, settings: Sequence[TrialSettings]) -> Finds:
    """Keep one find per seed, in ascending order of the seeds: that of the better score.

    Between equal scores the constant pass wins, then the earlier trial.
    """
    scores = score(finds, np.array([trial.window_size for trial in settings], dtype=np.int64))
    order = np.lexsort((finds.trial, finds.skip_mode, -scores, finds.seeds))
    _, first = np.unique(finds.seeds[order], return_index=True)
    return finds.rows(order[first])


def _joined(parts: Sequence[Finds]) -> Finds:
    return Finds(
        seeds=np.concatenate([part.seeds for part in parts]),
        skip_mode=np.concatenate([part.skip_mode for part in parts]),
        trial=np.concatenate([part.trial for part in parts]),
        forward=np.concatenate([part.forward for part in parts]),
        reverse=np.concatenate([part.reverse for part in parts]),
    )

"""The sieve: the same survivors as a plain one, draw by draw."""

from __future__ import annotations

import numpy as np
import pytest

from sim.pools.fields import Finds, Tallies, TrialSettings
from sim.pools.sieve import (
    HISTORY,
    NEARBY_SKIPS,
    SieveTrial,
    best_finds,
    constant_matches,
    output_table,
    random_trials,
    run_sieve,
    sieve_pool,
    variable_matches,
)
from tests.sim.pools import plain_sieve as plain

pytestmark = pytest.mark.slow

SEEDS = range(300)


@pytest.fixture(scope="module", params=[1, 2])
def trials(request: pytest.FixtureRequest) -> list[SieveTrial]:
    return random_trials(50_000, np.random.default_rng(request.param))


@pytest.fixture(scope="module")
def plain_finds(trials: list[SieveTrial]) -> set[tuple[int, ...]]:
    return plain.finds(SEEDS, trials, NEARBY_SKIPS)


def as_rows(finds: Finds) -> list[tuple[int, ...]]:
    columns = (finds.seeds, finds.skip_mode, finds.trial, finds.forward, finds.reverse)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def sieve(trials: list[SieveTrial]) -> tuple[Finds, Tallies]:
    return run_sieve(np.array(SEEDS, dtype=np.uint64), trials)


def test_the_sieve_finds_what_the_plain_sieve_finds(
    trials: list[SieveTrial], plain_finds: set[tuple[int, ...]]
) -> None:
    finds, _ = sieve(trials)
    rows = as_rows(finds)
    assert len(rows) == len(set(rows))
    assert set(rows) == plain_finds
    assert {row[1] for row in rows} == {0, 1}


def test_the_size_of_a_chunk_of_seeds_does_not_matter(
    trials: list[SieveTrial], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, whole_tallies = sieve(trials)
    monkeypatch.setattr("sim.pools.sieve._CHUNK", 77)
    in_parts, part_tallies = sieve(trials)
    assert sorted(as_rows(in_parts)) == sorted(as_rows(whole))
    assert np.array_equal(part_tallies.forward, whole_tallies.forward)
    assert np.array_equal(part_tallies.both, whole_tallies.both)


def test_tallies_count_the_survivors_of_each_way(trials: list[SieveTrial], plain_finds: set[tuple[int, ...]]) -> None:
    _, tallies = sieve(trials)
    seeds, (index, trial) = [plain.Path(seed) for seed in SEEDS], (0, trials[0])
    t = trial.settings
    ways = {"forward": trial.draws, "reverse": trial.draws[::-1]}
    for way, draws in ways.items():
        matches = [plain.constant(path, t.offset, t.skip_min, t.skip_max, draws) for path in seeds]
        assert getattr(tallies, way)[index, 0] == sum(4 * n >= len(draws) for n in matches)
    for index in range(len(trials)):
        for mode in (0, 1):
            assert tallies.both[index, mode] == sum(row[1:3] == (mode, index) for row in plain_finds)


def test_the_best_find_of_a_seed_has_the_better_score_then_the_constant_skip_then_the_earlier_trial(
    trials: list[SieveTrial], plain_finds: set[tuple[int, ...]]
) -> None:
    finds, _ = sieve(trials)
    best = best_finds(finds, [trial.settings for trial in trials])
    expected = []
    for seed in sorted({row[0] for row in plain_finds}):
        of_seed = [row for row in plain_finds if row[0] == seed]
        sizes = {row: len(trials[row[2]].draws) for row in of_seed}
        expected.append(min(of_seed, key=lambda row: (-(row[3] + row[4]) / (2 * sizes[row]), row[1], row[2])))
    assert as_rows(best) == expected


@pytest.mark.parametrize("skip", [4, 9, 12])
def test_the_seed_that_made_the_draws_matches_all_of_them(skip: int) -> None:
    seed, offset = 4321, 17
    draws = tuple(plain.Path(seed).output(offset + place * (skip + 1)) for place in range(1, 7))
    settings = TrialSettings(number=0, window_size=6, offset=offset, skip_min=4, skip_max=12)
    table = output_table(np.array([seed, seed + 1], dtype=np.uint64), offset + 6 * 13)
    assert constant_matches(table, settings, draws).tolist()[0] == 6
    assert constant_matches(table, settings, draws).tolist()[1] < 3


def test_skips_that_vary_are_found_by_the_variable_pass_alone() -> None:
    seed, offset, skips = 4321, 5, (11, 9, 12, 8, 10, 13)
    steps = offset + np.cumsum(np.array(skips) + 1)
    draws = tuple(plain.Path(seed).output(int(step)) for step in steps)
    settings = TrialSettings(number=0, window_size=6, offset=offset, skip_min=7, skip_max=14)
    table = output_table(np.array([seed], dtype=np.uint64), offset + 6 * 15)
    assert variable_matches(table, settings, draws).tolist() == [6]
    assert constant_matches(table, settings, draws).tolist()[0] < 6


@pytest.mark.parametrize(
    ("first_draw_after", "second_draw_after", "matches"),
    [((10, 12), 11, 2), ((10, 12), 33, 1), ((8, 12), 33, 2), ((8, 12), 11, 1)],
    ids=["the smaller of two equally near", "not the larger", "the nearer of two", "not the farther"],
)
def test_the_variable_pass_goes_on_from_the_nearest_match(
    first_draw_after: tuple[int, int], second_draw_after: int, matches: int
) -> None:
    """Given skips 0 to 20, skip 10 is expected: step 11. From step 10 the path reaches 11 to 31, from 12, 13 to 33."""
    steps = np.zeros((1, 50), dtype=np.uint16)
    steps[0, list(first_draw_after)] = 5
    steps[0, second_draw_after] = 6
    table = np.pad(steps, ((0, 0), (NEARBY_SKIPS, NEARBY_SKIPS)))
    settings = TrialSettings(number=0, window_size=3, offset=0, skip_min=0, skip_max=20)
    assert variable_matches(table, settings, (5, 6)).tolist() == [matches]


def test_skips_outside_the_range_are_not_tried() -> None:
    seed, skip = 4321, 10
    draws = tuple(plain.Path(seed).output(place * (skip + 1)) for place in range(1, 7))
    settings = TrialSettings(number=0, window_size=6, offset=0, skip_min=0, skip_max=skip - 1)
    table = output_table(np.array([seed], dtype=np.uint64), 6 * 11)
    assert constant_matches(table, settings, draws).tolist()[0] < 3
    assert variable_matches(table, settings, draws).tolist()[0] < 3


def test_a_skip_range_of_one_skip_at_the_edge_of_the_table_is_sieved() -> None:
    trial = SieveTrial(TrialSettings(0, window_size=3, offset=0, skip_min=0, skip_max=0), draws=(0, 385, 0))
    finds, _ = run_sieve(np.array(SEEDS, dtype=np.uint64), [trial])
    assert set(as_rows(finds)) == plain.finds(SEEDS, [trial], NEARBY_SKIPS)


def test_every_window_is_a_run_of_draws_of_one_seed_below_the_size() -> None:
    size = 500
    trials = random_trials(size, np.random.default_rng(8))
    paths = [plain.Path(seed) for seed in range(size)]
    histories = [[path.output(step) for step in range(1, HISTORY + 1)] for path in paths]

    def made(history: list[int], draws: tuple[int, ...]) -> bool:
        return any(tuple(history[at : at + len(draws)]) == draws for at in range(HISTORY))

    makers = [seed for seed, history in enumerate(histories) if all(made(history, t.draws) for t in trials)]
    assert len(makers) == 1


def test_settings_are_within_the_prescribed_ranges() -> None:
    settings = [trial.settings for seed in range(20) for trial in random_trials(1000, np.random.default_rng(seed))]
    assert {t.window_size for t in settings} == {3, 4, 5, 6}
    assert min(t.offset for t in settings) >= 0
    assert max(t.offset for t in settings) <= 99
    assert all(0 <= t.skip_min <= t.skip_max for t in settings)
    assert [TrialSettings(0, k, 0, 0, 0).matches_needed for k in (3, 4, 5, 6)] == [1, 1, 2, 2]


@pytest.mark.parametrize("seed", [1, 7])
def test_a_default_sieve_has_a_minority_and_many_trials(seed: int) -> None:
    columns = sieve_pool(50_000, np.random.default_rng(seed))
    assert 0.08 <= columns["skip_mode"].mean() <= 0.30
    assert len(np.unique(columns["trial_number"])) == 17
    assert len(columns["seeds"]) > 20_000

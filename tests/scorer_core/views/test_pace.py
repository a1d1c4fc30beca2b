"""How fast rigs are, whatever their clocks say of the moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scorer_core.ledger.lanes import Spent
from scorer_core.views.pace import Paces, paces_of

START = datetime(2026, 3, 1, tzinfo=UTC)


def lane(name: str, seconds: float, *ends: float, wrong_by: float = 0.0) -> list[Spent]:
    moments = ((START + timedelta(seconds=end + wrong_by)).isoformat() for end in ends)
    return [Spent(f"{name} · gpu 0", name, seconds, moment) for moment in moments]


def test_nothing_is_told_before_a_trial_is_finished() -> None:
    assert paces_of(()) == Paces({}, None)


def test_what_passes_between_trials_counts_for_the_pace() -> None:
    """Trials of a millisecond that end ten a second are no 3,600,000 an hour."""
    paces = paces_of(lane("a", 0.001, 1.0, 1.1, 1.2, 1.3))

    assert paces.rigs["a"].median_s == 0.001
    assert paces.rigs["a"].per_hour(1) == pytest.approx(36_000)


def test_short_trials_tell_no_pace_before_a_lane_has_finished_two() -> None:
    first = paces_of([*lane("a", 0.001, 1.0), *lane("b", 0.001, 1.1)])
    later = paces_of([*lane("a", 0.001, 1.0, 1.5), *lane("b", 0.001, 1.1)])

    assert (first.rigs["a"].per_hour(1), first.of("a")) == (None, first.all)
    assert later.of("b") == later.all
    assert later.all is not None
    assert later.all.per_hour(1) == pytest.approx(7200)


def test_long_trials_tell_it_by_their_length() -> None:
    assert paces_of(lane("a", 60.0, 60.0)).rigs["a"].per_hour(2) == pytest.approx(120)


def test_a_pause_does_not_slow_a_lane_down() -> None:
    assert paces_of(lane("a", 1.0, 1, 2, 3, 5000, 5001)).rigs["a"].step_s == pytest.approx(1.0)


def test_a_clock_that_is_wrong_moves_nothing() -> None:
    right = paces_of([*lane("a", 1.0, 1, 2, 3), *lane("b", 2.0, 2, 4, 6)])
    wrong = paces_of([*lane("a", 1.0, 1, 2, 3), *lane("b", 2.0, 2, 4, 6, wrong_by=86_400)])

    assert wrong == right
    assert right.rigs["b"].against is not None
    assert right.rigs["b"].against.ratio == pytest.approx(2.0)


def test_an_odd_moment_costs_itself_alone() -> None:
    odd = Spent("a · gpu 0", "a", 1.0, "yesterday")

    assert paces_of([*lane("a", 1.0, 1, 2), odd]).rigs["a"].step_s == pytest.approx(1.0)


def test_a_rig_that_finished_nothing_has_the_pace_of_all() -> None:
    paces = paces_of(lane("a", 3.0, 3, 6))

    assert paces.of("b") == paces.all

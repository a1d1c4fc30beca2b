"""The objective over a run's trials, as points of a small drawing: one a bin, and the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scorer_core.ledger.lanes import Bin
from scorer_core.report.words import number

WIDTH, HEIGHT = 720.0, 160.0
_REJECTED = -0.999


@dataclass(frozen=True)
class Chart:
    """Points in a box of WIDTH by HEIGHT; `best` is a line that only climbs.

    `ticks` are heights with their value, `width` is how many tickets a bin has. A bin whose every mask was rejected is
    at the bottom: at its −1 it would flatten all others.
    """

    points: tuple[tuple[float, float], ...]
    rejected: tuple[float, ...]
    best: str
    ticks: tuple[tuple[float, str], ...]
    width: int


def chart_of(bins: Sequence[Bin], budget: int, width: int) -> Chart | None:
    """Return the drawing of a run's bins of `width` tickets each; None without an accepted mask."""
    count = -(-budget // width)
    accepted = [one for one in bins if one.best > _REJECTED]
    if not accepted:
        return None
    low, high = min(one.best for one in accepted), max(one.best for one in accepted)
    margin = 0.08 * (high - low) or 0.05
    low, high = low - margin, high + margin

    def x(place: int) -> float:
        return round(WIDTH * (place + 0.5) / max(count, 1), 1)

    def y(value: float) -> float:
        return round(HEIGHT * (high - value) / (high - low), 1)

    line: list[str] = []
    top = low
    for one in accepted:
        if one.best > top:
            line += [f"{x(one.place)},{y(max(top, low))}"] if line else []
            top = one.best
            line.append(f"{x(one.place)},{y(top)}")
    line.append(f"{x(bins[-1].place)},{y(top)}")
    ticks = tuple((y(value), number(value, 3)) for value in (low + margin, (low + high) / 2, high - margin))
    return Chart(
        points=tuple((x(one.place), y(one.best)) for one in accepted),
        rejected=tuple(x(one.place) for one in bins if one.best <= _REJECTED),
        best=" ".join(line),
        ticks=ticks,
        width=width,
    )

"""How rich in the minority rows are: all of them and those kept, and each residue class that votes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from scorer_core.report.figures.drawing import colour, is_wide, label, legend_above, series

Record = Mapping[str, Any]


def draw_shares(axes: Axes, bars: Sequence[Record]) -> None:
    """Draw the minority's share of the rows of each bar: `label`, `minority`, `rows`."""
    shares = [_share(bar) for bar in bars]
    colours = [colour(name) for name in ("plain", "accent", "gold")]
    drawn = axes.barh(
        [label(bar["label"].replace(" by ", "\nby ")) for bar in bars], shares, color=colours[: len(bars)], height=0.6
    )
    wide = is_wide(axes)
    told = [
        f"{share:.1%}: {bar['minority']:,} of {bar['rows']:,}" if wide else f"{share:.1%}"
        for share, bar in zip(shares, bars, strict=True)
    ]
    axes.bar_label(drawn, told, padding=5)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.5 * max(shares, default=1.0) or 1.0)
    axes.xaxis.set_major_formatter(_percent(max(shares, default=0.0)))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("minority share")


def draw_mask(axes: Axes, mask: Record) -> None:
    """Draw the minority's share in each residue class that votes, and of all rows as a line."""
    place = 0
    places: list[float] = []
    for number, modulus in enumerate(mask["moduli"]):
        classes = modulus["classes"]
        at = range(place, place + len(classes))
        axes.bar(at, [_share(one) for one in classes], color=series(number), label=f"modulo {modulus['modulus']:,}")
        places += at
        place += len(classes) + 1
    names = [_class_name(one) for modulus in mask["moduli"] for one in modulus["classes"]]
    every = 1 if len(names) <= 15 else 2 if len(names) <= 30 else 4
    axes.set_xticks(places[::every], names[::every])
    axes.axhline(mask["minority"] / mask["rows"], color=colour("muted"), linestyle=":", label="of all rows")
    every_share = [_share(one) for modulus in mask["moduli"] for one in modulus["classes"]]
    axes.yaxis.set_major_formatter(_percent(max(every_share, default=0.0)))
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("residue")
    axes.set_ylabel("minority share")
    legend_above(axes)


def _class_name(one: Record) -> str:
    return str(one["first"]) if one["first"] == one["last"] else f"{one['first']}–{one['last']}"


def _percent(largest: float) -> PercentFormatter:
    """Return how shares are written: without decimals, where that tells the ticks apart."""
    return PercentFormatter(1.0, decimals=0 if largest >= 0.05 else 1)


def _share(bar: Record) -> float:
    return float(bar["minority"] / bar["rows"]) if bar["rows"] else 0.0

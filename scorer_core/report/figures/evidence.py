"""Beside the verdict: the space's best against chance, what the pool could show, and where the lift comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from scorer_core.report import words
from scorer_core.report.figures.drawing import colour, is_wide, label, legend_above

Record = Mapping[str, Any]


def draw_chance(axes: Axes, chance: Record) -> None:
    """Draw the evidence of the space's best, of the pool as it is and of each permutation, and what proves a config."""
    kinds = (("by chance", chance["permuted"], "plain", 7), ("this pool", [chance["observed"]], "accent", 12))
    for name, values, of, size in kinds:
        axes.plot(values, [0] * len(values), "o", color=colour(of), markersize=size, alpha=0.85, mew=0, label=name)
    axes.axvline(chance["proven"], color=colour("muted"), linestyle=":", label="proven from here")
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_xlabel("evidence of the best config (nats)")
    legend_above(axes)


def draw_sensitivity(axes: Axes, curve: Sequence[Record]) -> None:
    """Draw the chances to pass the two checks against the true lift."""
    for name, of, told in (("real", "accent", "found real"), ("worth_it", "gold", "found worth it")):
        lifts, chances = [one["lift"] for one in curve], [one[name] for one in curve]
        axes.plot(lifts, chances, "o-", color=colour(of), markersize=4, label=told)
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("true lift")
    axes.set_ylabel("chance to pass")
    legend_above(axes)


def draw_by_trial(axes: Axes, trials: Sequence[Record]) -> None:
    """Draw the lift in each Step 1 trial."""
    lifts = [one["minority_kept"] / one["expected"] for one in trials]
    bars = axes.barh(range(len(trials)), lifts, color=colour("accent"), height=0.7)
    axes.set_yticks(range(len(trials)), [str(one["trial"]) for one in trials])
    told = [f"{one['minority_kept']:,} for {words.number(one['expected'], 3)}" for one in trials]
    axes.bar_label(bars, told, padding=5)
    axes.axvline(1.0, color=colour("muted"), linestyle=":")
    axes.set_xlim(0, (1.2 if is_wide(axes) else 1.8) * max(1.0, *lifts))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("lift")
    axes.set_ylabel("Step 1 trial")


def draw_importance(axes: Axes, shares: Sequence[Record]) -> None:
    """Draw each parameter's share of importance, those that the objective does not see in grey."""
    colours = [colour("accent" if one["seen"] else "plain") for one in shares]
    axes.barh([label(one["name"]) for one in shares], [one["share"] for one in shares], color=colours, height=0.7)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("share of importance")

"""Which figures a run has data for, each with what to see in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from scorer_core.engines import traits_of
from scorer_core.report import view
from scorer_core.report.figures.drawing import Drawing
from scorer_core.report.figures.evidence import draw_by_trial, draw_chance, draw_importance, draw_sensitivity
from scorer_core.report.figures.shares import draw_mask, draw_shares
from scorer_core.report.figures.trials import MAX_BARS, MAX_POINTS, draw_lanes, draw_objective, lanes_height
from scorer_core.report.summary import RunSummary
from scorer_core.run.trials import Trial


def drawings_of(summary: RunSummary, done: Sequence[Trial]) -> list[Drawing]:
    """Return the figures, the most telling first."""
    return [*_of_the_gate(summary), *_of_the_search(summary, done)]


def _of_the_gate(summary: RunSummary) -> Iterator[Drawing]:
    evidence, bars = summary.evidence or {}, view.share_bars(summary)
    if bars:
        told = (
            "How much richer in the minority the candidate's rows are. The best of many looks rich where there is "
            "nothing to find: what is proven, the checks say."
        )
        yield Drawing(
            "shares", "Minority share, kept against all", told, 60 + 40 * len(bars), partial(draw_shares, bars=bars)
        )
    if chance := evidence.get("chance"):
        told = (
            "How good the best config of the whole space is, against the best of the same space when labels are "
            "permuted within Step 1 trials: chance brings forth the grey ones."
        )
        yield Drawing("chance", "The best of the space, and by chance", told, 130, partial(draw_chance, chance=chance))
    if curve := evidence.get("sensitivity"):
        told = (
            "The chance that a mask like the candidate passes, if its true lift were this: what the pool was able to "
            "show, whatever it did show."
        )
        yield Drawing(
            "sensitivity", "What this pool could have shown", told, 260, partial(draw_sensitivity, curve=curve)
        )
    if mask := evidence.get("mask"):
        told = (
            "A seed votes where its remainder is one of these, and is kept with two votes of three. A class that "
            "stands above the line is what the mask found."
        )
        yield Drawing("mask", "The mask: residues that vote", told, 260, partial(draw_mask, mask=mask))
    if trials := (evidence.get("by_trial") or {}).get("trials"):
        told = (
            "What the candidate keeps of the minority in the largest Step 1 trials, over what chance would keep: a "
            "finding of one trial alone stands out."
        )
        draw = partial(draw_by_trial, trials=trials)
        yield Drawing("by_trial", "Lift by Step 1 trial", told, 70 + 22 * len(trials), draw)
    if shares := evidence.get("importance"):
        told = "Which of the searched parameters tell the best trials from the others (PED-ANOVA)."
        if not all(one["seen"] for one in shares):
            told += " Grey ones, which only earlier releases searched, the objective does not see."
        draw = partial(draw_importance, shares=shares)
        yield Drawing("importance", "Which parameters mattered", told, 60 + 26 * len(shares), draw)


def _of_the_search(summary: RunSummary, done: Sequence[Trial]) -> Iterator[Drawing]:
    if not done:
        return
    traits = traits_of(summary.spec.search)
    candidate = ((summary.gate or {}).get("candidate") or {}).get("trial_number")
    told = (
        "The best config of each shard, on the rows that it was counted on, in order of finish. Each shard holds other "
        "configs, and none is left out: the order tells nothing."
        if traits.walks_grid
        else (
            "Each trial's objective on its own sample, in order of finish."
            + " A search that learns climbs." * traits.learns
        )
    )
    told += " Of so many, evenly chosen ones are shown, and each that was the best so far." * (len(done) > MAX_POINTS)
    title = "The best of each shard" if traits.walks_grid else "Objective by trial"
    yield Drawing(
        "objective", title, told, 360, partial(draw_objective, trials=done, candidate=candidate, unit=traits.unit)
    )
    told = f"One row a GPU, one bar a {traits.unit}. Gaps are time in which a GPU waited."
    told += " Of so many, those without a visible gap between them share a bar." * (len(done) > MAX_BARS)
    yield Drawing("lanes", "Lanes over time", told, lanes_height(done), partial(draw_lanes, trials=done))

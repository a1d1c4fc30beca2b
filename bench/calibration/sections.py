"""The sections of docs/calibration.md: what each study asked, and its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.calibration import first_gate
from bench.calibration.intervals import share

Result = Mapping[str, Any]


def rate(of: Result) -> str:
    """Return a share in words: percent, interval, and the counts."""
    if of["rate"] is None:
        return "none"
    percent, low, high = (f"{100 * of[name]:.1f}" for name in ("rate", "low", "high"))
    return f"{percent} % [{low}, {high}] ({of['hits']} of {of['runs']})"


def spread(values: Result) -> str:
    """Return mean, median and the middle 90 % of values."""
    if not values["n"]:
        return "none"
    return f"mean {values['mean']:.3f}, median {values['median']:.3f} [{values['q05']:.3f}, {values['q95']:.3f}]"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def null(result: Result) -> str:
    """Return what is published of pools without signal."""
    rows = [
        (
            condition["engine"],
            kind,
            *(rate(one) for one in part["published"]),
            rate(part["without_strata"]),
            rate(part["without_payment"]),
        )
        for condition in result["conditions"]
        for kind, part in {"all": condition, **condition["by_kind"]}.items()
    ]
    at = [
        f"published at alpha {alpha:g}, which allows {first:.4f}"
        for alpha, first in zip(result["alphas"], result["alpha_1"], strict=True)
    ]
    heads = ("engine", "pools", *at, "`real` if trials were ignored", "`real` if the space were not paid for")
    return (
        "## Pools without signal, one decision\n\nEach is the first decision of an installation; every publish is "
        "noise. A small space that is swept, and paid for whole, is searched in milliseconds: hence so many "
        "pools.\n\n" + table(heads, rows)
    )


def life(result: Result) -> str:
    """Return in how many lives anything was published."""
    rows = [
        (
            one["life"],
            rate(one["at_least_one"]),
            rate(one["as_the_first"]),
            f"{sum(run['decisions'] for run in one['runs']) / len(one['runs']):.1f}",
        )
        for one in result["conditions"]
    ]
    heads = ("life", "at least one publish", "and if each decision were the first", "decisions taken")
    return (
        f"## {result['length']} nights on pools without signal\n\nalpha {result['alpha']:g}, decisions numbered by a "
        "ledger, before each search.\n\n" + table(heads, rows)
    )


def peeking(result: Result) -> str:
    """Return what the best-looking of many pools comes to."""
    rows = [
        ("best-looking by p, at its own number", rate(result["by_p"])),
        ("best-looking by objective, at its own number", rate(result["by_objective"])),
        ("any of the pools, each at its own (a fresh pool each night)", rate(result["any_night"])),
        ("best-looking by p, numbered when it is gated", rate(result["late_by_p"])),
        ("any of the pools, each as the first", rate(result["as_the_first"])),
    ]
    return (
        f"## Peeking: {result['length']} pools without signal are searched, the best-looking is gated\n\nalpha "
        f"{result['alpha']:g}. The last two rows are broken gates.\n\n" + table(("gated", "published"), rows)
    )


def power(result: Result) -> str:
    """Return how often a planted lift is published."""
    at = [f"as decision {number}" for number in result["numbers"]]
    heads = ("engine", "planted lift", *at, "the first gate", "true lift of what was published")
    rows = [
        (
            one["engine"],
            f"{one['lift']:g}",
            *(rate(part) for part in one["published"]),
            _of_the_first_gate(one["engine"], one["lift"]),
            spread(one["true_lift_of_published"]),
        )
        for one in result["conditions"]
    ]
    effects = [
        (
            one["engine"],
            f"{one['lift']:g}",
            rate(one["of_all"]["guaranteed_holds"]),
            rate(one["of_published"]["guaranteed_holds"]),
            spread(one["of_all"]["error_of_fitted"]),
            spread(one["of_published"]["error_of_fitted"]),
        )
        for one in result["conditions"]
    ]
    bounds = ("engine", "planted lift", "L holds, of all", "of published")
    errors = ("cross-fitted lift less the true one, of all", "of published")
    return (
        f"## Pools with a planted signal\n\nalpha {result['alpha']:g}. The signal's config is drawn at random for each "
        "pool (it keeps 3 to 20 % of the seeds). True lift: exact, from the signal's own probabilities over all "
        f"seeds. The first gate: a holdout, its first decision (commit {first_gate.COMMIT}; by chance it searched with "
        "`random-100@5000`).\n\n" + table(heads, rows) + "\nThe guaranteed lift L, held to the true lift on the "
        "pool's own rows, and the cross-fitted lift:\n\n" + table((*bounds, *errors), effects)
    )


def _of_the_first_gate(engine: str, lift: float) -> str:
    found = first_gate.published(engine, lift)
    return "–" if found is None else rate(share(*found))


def strata(result: Result) -> str:
    """Return the bounds among many strata."""
    rows = [
        (
            f"{one['odds']:g}",
            f"{one['true_lift']['mean']:.3f}",
            f"{one['lift']['mean']:.3f}",
            f"{one['marginal']['mean']:.3f}",
            rate(one["p_below_005"]),
            rate(one["at_least_alone_holds"]),
            rate(one["at_least_holds"]),
            rate(one["at_most_holds"]),
        )
        for one in result["conditions"]
    ]
    measured = ("odds inside", "true lift within trials", "measured", "measured over all rows", "p ≤ 0.05")
    heads = (*measured, "L of this one mask holds", "L, the space paid for, holds", "U of this mask holds")
    return (
        f"## Many strata: {result['trials']} Step 1 trials with minority shares from 0.1 to 1\n\n{result['rows']:,} "
        "rows; the mask keeps more of the rich trials.\n\n" + table(heads, rows)
    )


def words(result: Result) -> str:
    """Return how true the words of a verdict are."""
    rows = [
        (
            f"{one['rows']:,}",
            rate(one["wrong_rejects"]),
            f"{one['asked']['median']:,.0f}",
            f"{100 * one['stated_real']['mean']:.1f} %",
            rate(one["real"]),
            f"{100 * one['stated_worth_it']['mean']:.1f} %",
            rate(one["worth_it"]),
        )
        for one in result["conditions"]
    ]
    heads = ("rows", "wrong REJECT", "rows asked for (median)", "`real` stated", "seen", "`worth_it` stated", "seen")
    return (
        f"## The words of a verdict\n\nREJECT is wrong here: the one config that is searched has a lift of "
        f"{result['min_lift']:g}, min_lift itself. INCONCLUSIVE asks for a size that shows {result['planned']:.2f}; "
        "pools of that size were drawn.\n\n" + table(heads, rows)
    )


def reigns(result: Result) -> str:
    """Return what replaces a champion, and when."""
    rows = [
        (f"{one['lift']:g}", f"{one['better']:g}", rate(one["replaced"]), _by_new_rows(one["by_new_rows"]))
        for one in result["conditions"]
    ]
    return (
        f"## Reigns of a champion\n\n{result['length']} nights with a challenger each, {100 * result['growth']:g} % of "
        f"{result['rows']:,} rows more a night. A challenger that is better by 0 must not replace it.\n\n"
        + table(("lift", "better by", "replaced", "replaced after this share of new rows"), rows)
    )


def champions(result: Result) -> str:
    """Return what replaces champions in whole lives."""
    rows = [
        (
            f"{one['lift']:g}",
            rate(one["published_once"]),
            str(one["replacements"]),
            rate(one["worse"]),
            f"{one['largest_loss']:.3f}",
            spread(one["change"]),
        )
        for one in result["conditions"]
    ]
    heads = ("planted lift", "published", "replacements", "truly worse", "largest loss", "change of true objective")
    return (
        f"## Lives with a champion\n\nA pool with a planted signal grows by {100 * result['growth']:g} % a night to "
        f"{result['rows']:,} rows, and is searched on each of {result['length']} nights.\n\n" + table(heads, rows)
    )


def _by_new_rows(shares: Sequence[Result]) -> str:
    return ", ".join(f"{one['new_rows']:g}: {100 * one['rate']:.0f} %" for one in shares)

"""What a page tells of a run that is over: the report's own words and numbers, without naming a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scorer_core.engines import traits_of
from scorer_core.gate.verdict import Verdict
from scorer_core.report import view, words
from scorer_core.report.banner import Banner, banner_of
from scorer_core.report.gathered import UNFIT
from scorer_core.report.of_the_checks import checks
from scorer_core.report.summary import RunSummary
from scorer_core.scoring.space import Role, roles
from scorer_core.views.published import Parameter
from scorer_core.views.run_page import RunView


@dataclass(frozen=True)
class Story:
    """The sections of the page; `config` is the candidate's, or the best trial's, as `whose` says."""

    banner: Banner
    tiles: list[dict[str, str]]
    checks: list[dict[str, Any]]
    shares: Sequence[Mapping[str, Any]]
    whose: str
    config: tuple[Parameter, ...]
    numbers: list[tuple[str, view.Facts]]


def story_of(found: RunView) -> Story:
    """Return what is told of a run; what its files say oddly is left out."""
    summary = found.summary
    undecided = replace(summary, gate=None, evidence=None, regret=None)
    for told in (summary, replace(summary, evidence=None, regret=None), undecided):
        try:
            return _story(found, told)
        except UNFIT:
            continue
    return _story(found, replace(undecided, best=None, collected=None))


def _story(found: RunView, summary: RunSummary) -> Story:
    whose, config = _config(summary)
    return Story(
        banner=replace(banner_of(summary, prepared=True), aftermath=_aftermath(found)),
        tiles=view.tiles(summary),
        checks=checks(summary),
        shares=view.share_bars(summary),
        whose=whose,
        config=config,
        numbers=view.numbers(summary, (), found.prepared),
    )


def _config(summary: RunSummary) -> tuple[str, tuple[Parameter, ...]]:
    candidate = (summary.gate or {}).get("candidate")
    if candidate is not None:
        whose, params = "The candidate", candidate["params"]
    elif summary.best is not None:
        whose, params = f"The best {traits_of(summary.spec.search).unit}", summary.best.params
    else:
        return "", ()
    role, sources = roles(summary.spec.mask_policy), summary.spec.sources
    names = [*(name for name in role if name in params), *sorted(set(params) - set(role))]
    return whose, tuple(
        Parameter(name, params[name], str(sources.get(name, "")), role.get(name) is Role.OBJECTIVE) for name in names
    )


def _aftermath(found: RunView) -> str:
    published = found.summary.published
    if found.is_published:
        return "Its config is the published one."
    if published is not None:
        return f"Its config was published at {words.moment(published.published_at)}, and is no longer."
    if found.summary.verdict is Verdict.PUBLISH:
        return "Its config is not published: it awaits approval, approval was refused, or publish failed."
    return "Nothing was published."

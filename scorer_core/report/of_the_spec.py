"""What a run was asked to do: its spec as it was frozen when it was prepared."""

from __future__ import annotations

from scorer_core.engines import traits_of
from scorer_core.gate.space import space_size
from scorer_core.report import words
from scorer_core.report.summary import RunSummary
from scorer_core.scoring.sweep.grid import full_grid
from scorer_core.spec import RunSpec

_ELSEWHERE = {"held"}
"""The parameters' table has them, each with where its value comes from."""
_NULLS = {
    "sample_size": "all rows",
    "seed": "a sweep draws nothing",
    "trial_timeout_s": "each node's own, by its speed",
    "evidence_permutations": "as many as the head can count",
}
"""What null means."""


def asked(summary: RunSummary) -> list[tuple[str, str]]:
    """Return the fields of the spec, each with its value."""
    fields = summary.spec.model_dump(mode="json", exclude=_ELSEWHERE)
    return [
        (name, f"null: {_NULLS[name]}" if value is None and name in _NULLS else words.value(value) or words.NOTHING)
        for name, value in fields.items()
    ]


def in_short(spec: RunSpec) -> str:
    """Return in a few words what was searched, and how."""
    traits, rows = traits_of(spec.search), "all rows" if spec.sample_size is None else f"{spec.sample_size:,} rows"
    tickets, space = words.count(spec.n_trials, traits.unit), f"{space_size(spec.mask_policy):,}"
    if not traits.walks_grid:
        return f"{tickets} of a {spec.search.value} search among {space} configs, {rows} each"
    if spec.pinned:
        left = full_grid(spec.mask_policy, spec.pinned).size
        return f"{spec.search.value} of the {left:,} configs that fixed_params leave of {space}, {tickets} on {rows}"
    return f"{spec.search.value} of all {space} configs, {tickets} on {rows}"

"""What a run was asked to do: its spec as it was frozen when it was prepared."""

from __future__ import annotations

from scorer_core.report import words
from scorer_core.report.summary import RunSummary

_ELSEWHERE = {"held"}
"""The parameters' table has them, each with where its value comes from."""


def asked(summary: RunSummary) -> list[tuple[str, str]]:
    """Return the fields of the spec, each with its value."""
    fields = summary.spec.model_dump(mode="json", exclude=_ELSEWHERE)
    return [(name, words.value(value)) for name, value in fields.items()]

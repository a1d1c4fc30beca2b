"""A run's config beside the one that was published when its gate decided: parameters, then the numbers that matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scorer_core.report import words
from scorer_core.report.summary import RunSummary
from scorer_core.scoring.space import Role, roles

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One parameter or number of both configs, in words; `seen` says of a parameter whether the objective sees it."""

    name: str
    before: str
    now: str
    seen: bool = True
    source: str = ""

    @property
    def differs(self) -> bool:
        """Say whether both configs have it, and not the same."""
        return words.NOTHING not in (self.before, self.now) and self.before != self.now


@dataclass(frozen=True)
class SideBySide:
    """Both configs; `told` says what stands beside this run's one, `has_before` whether anything does."""

    told: str
    has_before: bool
    before_run: str
    parameters: tuple[Row, ...]
    numbers: tuple[Row, ...]


def side_by_side(summary: RunSummary) -> SideBySide | None:
    """Return this run's config and the one that was published before it; None where the gate had no candidate."""
    gate = summary.gate or {}
    candidate = gate.get("candidate")
    if not candidate:
        return None
    before, standing = summary.published_before or {}, gate.get("champion") or {}
    has_before = bool(before or standing)
    parameters = _parameters(summary, before.get("params") or {}, candidate["params"])
    return SideBySide(
        told=_told(summary, has_before, bool(before), sum(row.differs for row in parameters)),
        has_before=has_before,
        before_run=str(before.get("run_id") or ""),
        parameters=parameters,
        numbers=_numbers(before, standing, candidate, gate.get("proof") or {}),
    )


def _told(summary: RunSummary, has_before: bool, is_known: bool, differing: int) -> str:
    if not has_before:
        if (summary.gate or {}).get("replaces"):
            return "What was published when the gate decided is not there any more."
        return "Nothing was published when the gate decided: there is no config to compare this one with."
    if not is_known:
        return "The file of what was published then is not there any more; what the gate saw of it is."
    if not differing:
        return "No parameter differs."
    return f"{words.count(differing, 'parameter')} differ{'s' * (differing == 1)}, marked ≠."


def _parameters(summary: RunSummary, before: Record, now: Record) -> tuple[Row, ...]:
    role, sources = roles(summary.spec.mask_policy), summary.spec.sources
    names = [*role, *sorted({*before, *now} - set(role))]
    return tuple(
        Row(
            name=name,
            before=words.parameter(before.get(name, words.NOTHING)),
            now=words.parameter(now.get(name, words.NOTHING)),
            seen=role.get(name) is Role.OBJECTIVE,
            source=str(sources.get(name, "")),
        )
        for name in names
    )


def _numbers(before: Record, standing: Record, candidate: Record, proof: Record) -> tuple[Row, ...]:
    """Return what each proved when it was decided on, then how both do on this run's pool."""
    evaluation = candidate.get("evaluation") or {}
    counts = evaluation.get("counts") or {}
    kept, other = standing.get("kept"), counts.get("kept")
    told: list[tuple[str, str, str]] = [
        ("guaranteed lift", _lift(before.get("guaranteed_lift")), _lift(proof.get("guaranteed_lift"))),
        ("cross-fitted lift", _lift(before.get("cross_fitted_lift")), _lift(proof.get("cross_fitted_lift"))),
        ("p, the whole space paid for", _p(before), _p(proof)),
        ("objective on this pool", words.number(standing.get("objective")), words.number(evaluation.get("objective"))),
        ("rows kept of this pool", words.number(kept), words.number(other)),
        ("minority among them", _share(standing), _share(counts)),
    ]
    return tuple(Row(*one) for one in told)


def _p(proof: Record) -> str:
    return words.power_of_ten(proof.get("log10_p_space"))


def _lift(value: float | None) -> str:
    return words.NOTHING if value is None else f"× {value:.3g}"


def _share(counts: Record) -> str:
    kept, minority = counts.get("kept"), counts.get("minority_kept")
    return words.percent(minority / kept) if kept and minority is not None else words.NOTHING

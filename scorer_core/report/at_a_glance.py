"""A run in a few rows: what `scorer show` prints, and `make demo` at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scorer_core.engines import traits_of
from scorer_core.report import words
from scorer_core.report.summary import RunSummary

Rows = list[tuple[str, str]]


def at_a_glance(summary: RunSummary) -> Rows:
    """Return what a run did and found, row by row."""
    rows: Rows = []
    collected, gate, best = summary.collected, summary.gate, summary.best
    traits = traits_of(summary.spec.search)
    if collected is not None:
        counts = f"{collected.executed} / {collected.collected} / {collected.reported}"
        rows.append((f"{traits.unit}s executed / collected / reported", f"{counts} of {collected.budget}"))
    sizes = ", ".join(words.sample(size) for size in summary.sample_sizes)
    rows.append(("rows counted" if traits.walks_grid else "sample sizes seen", sizes or words.NOTHING))
    nodes = ", ".join(f"{node} ({trials} {traits.unit}s)" for node, trials in summary.nodes.items())
    rows.append(("nodes and GPUs used", f"{nodes}; {summary.gpus} GPUs"))
    if collected is not None:
        rows.extend((f"not believed: {node}", why) for node, why in collected.distrusted.items())
    if best is not None:
        rows.append((f"best {traits.unit} on its rows", f"{best.number}, objective {best.objective:.4f}"))
    if gate is not None and gate["candidate"] is not None:
        rows.extend(_gate_rows(gate))
    if summary.regret is not None and summary.evidence is not None:
        rows.append(("short of the sweep", _shortfall(summary.regret, summary.evidence)))
    rows.append(("verdict", summary.verdict or "none: the run did not reach the gate"))
    published = summary.published
    rows.append(("config", "not published" if published is None else published.config))
    rows.append(("run folder", summary.folder))
    return rows


def _shortfall(regret: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:
    """Say by how much a search that samples fell short of the sweep that the head made beside it."""
    found, optimum = regret["sampled"]["objective"], regret["optimum"]["objective"]
    told = f"by {regret['regret']:.4f}: {found:.4f} of {optimum:.4f}"
    if evidence["optimum"] is None:
        return told
    params = ", ".join(f"{name} {value}" for name, value in evidence["optimum"]["params"].items())
    return f"{told}; the sweep finds {params}"


def _gate_rows(gate: Mapping[str, Any]) -> Rows:
    candidate, proof = gate["candidate"], gate["proof"]
    params = ", ".join(f"{name} {value}" for name, value in candidate["params"].items())
    fitted = proof["cross_fitted_lift"]
    return [
        ("candidate", params),
        ("objective on all rows", f"{candidate['evaluation']['objective']:.4f}"),
        ("guaranteed lift", f"{proof['guaranteed_lift']:.3f}, with 95 % confidence for every config at once"),
        ("cross-fitted lift", "nothing can be told" if fitted is None else f"{fitted:.3f}"),
        ("p, the whole space paid for", f"10^{proof['log10_p_space']:.1f}, needed {gate['alpha_j']:.2g}"),
    ]

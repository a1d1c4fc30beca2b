"""What the report shows, section by section, from the run's summary and trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scorer_core.engines import EngineTraits, traits_of
from scorer_core.gate.space import space_size
from scorer_core.report import words
from scorer_core.report.beside_the_vote import evidence_facts
from scorer_core.report.of_the_gate import gate_facts
from scorer_core.report.summary import RunSummary
from scorer_core.run.prepared import Prepared
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.sweep.grid import full_grid

Record = Mapping[str, Any]
Facts = list[tuple[str, str]]

SHOWN_TRIALS = 20


def tiles(summary: RunSummary) -> list[dict[str, str]]:
    """Return the three numbers to see first: what is proven, or, where nothing was tested, how far the run came."""
    gate = summary.gate or {}
    proof = gate.get("proof")
    return (
        _progress(summary)
        if not proof
        else [
            {
                "name": "Guaranteed lift",
                "value": _times(proof.get("guaranteed_lift")),
                "note": "at least this, with 95 % confidence, for every config at once",
            },
            {
                "name": "Cross-fitted lift",
                "value": _times(proof.get("cross_fitted_lift")),
                "note": f"on rows that it was not picked on; worth it from {summary.spec.min_lift:g}",
            },
            {
                "name": "p, the whole space paid for",
                "value": words.power_of_ten(proof.get("log10_p_space")),
                "note": f"allowed: {words.number(gate.get('alpha_j'), 3)}",
            },
        ]
    )


def _progress(summary: RunSummary) -> list[dict[str, str]]:
    collected, best = summary.collected, summary.best
    kind = traits_of(summary.spec.search).unit
    sample = summary.spec.sample_size
    rows = "all rows" if sample is None else words.count(sample, "row")
    where = f"{kind} {best.number}, on {rows}" if best else "nothing has a result"
    told = f"{collected.collected:,} collected, {collected.reported:,} reported" if collected else "not collected"
    done = f"{summary.tickets[TicketState.DONE]:,} of {summary.spec.n_trials:,}"
    return [
        {"name": f"{kind.capitalize()}s with a result", "value": done, "note": told},
        {"name": "Best objective", "value": words.number(best.objective if best else None), "note": where},
        {
            "name": "GPUs that worked",
            "value": words.number(summary.gpus),
            "note": f"on {words.count(len(summary.nodes), 'node')}, {words.seconds(summary.trial_seconds)} of {kind}s",
        },
    ]


def _times(lift: float | None) -> str:
    return words.NOTHING if lift is None else f"× {lift:.3g}"


def numbers(summary: RunSummary, trials: Sequence[Trial], run: Prepared | None) -> list[tuple[str, Facts]]:
    """Return all numbers of the run, grouped under headings."""
    beside = evidence_facts(summary)
    unreadable = list(summary.unreadable.items())
    return [
        (f"{traits_of(summary.spec.search).unit.capitalize()}s", _trial_facts(summary)),
        ("Search", _search_facts(summary, run)),
        ("Cluster", _cluster_facts(summary, trials)),
        ("Gate", gate_facts(summary.gate, traits_of(summary.spec.search).unit)),
        *([("Beside the vote", beside)] if beside else []),
        *([("Could not be read", unreadable)] if unreadable else []),
    ]


def lanes(trials: Sequence[Trial]) -> list[tuple[str, str, str]]:
    """Return each lane with its number of finished trials and the seconds that they took."""
    found: dict[tuple[str, int], list[float]] = {}
    for trial in trials:
        found.setdefault((trial.node, trial.gpu), []).append(trial.seconds)
    return [
        (Slot(node, gpu).label, words.number(len(spent)), words.seconds(sum(spent)))
        for (node, gpu), spent in sorted(found.items())
    ]


def share_bars(summary: RunSummary) -> list[dict[str, Any]]:
    """Return the minority among all rows, among those that the candidate keeps, and among the published config's.

    None for a run that an earlier release decided, on a part of the rows.
    """
    gate = summary.gate or {}
    candidate = gate.get("candidate") or {}
    counts = (candidate.get("evaluation") or {}).get("counts")
    if not counts:
        return []
    bars = [
        {"label": "all rows", "minority": counts["minority"], "rows": counts["rows"]},
        {"label": "kept by the candidate", "minority": counts["minority_kept"], "rows": counts["kept"]},
    ]
    champion = gate["champion"]
    if champion is not None:
        bars.append(
            {"label": "kept by the published config", "minority": champion["minority_kept"], "rows": champion["kept"]}
        )
    return bars


def _trial_facts(summary: RunSummary) -> Facts:
    collected, tickets = summary.collected, summary.tickets
    facts = [
        ("budget", words.number(summary.spec.n_trials)),
        ("executed", words.number(tickets[TicketState.DONE])),
        ("collected from the nodes", words.number(collected.collected if collected else None)),
        ("reported by the study", words.number(collected.reported if collected else None)),
        ("failed", words.number(tickets[TicketState.FAILED])),
        ("attempts that failed", words.number(summary.failed_attempts)),
        ("recovered from journals", words.number(collected.recovered if collected else None)),
        ("unfinished", words.number(sum(count for state, count in tickets.items() if not state.ended))),
    ]
    if collected and collected.torn_lines:
        facts.append(("torn journal lines", words.number(collected.torn_lines)))
    return facts


def _search_facts(summary: RunSummary, run: Prepared | None) -> Facts:
    spec, traits = summary.spec, traits_of(summary.spec.search)
    sizes = ", ".join(words.sample(size) for size in summary.sample_sizes)
    facts = [("configs in the space", words.number(space_size(spec.mask_policy)))]
    if traits.walks_grid:
        facts.append(("configs that the shards hold", words.number(full_grid(spec.mask_policy, spec.pinned).size)))
    return [
        *facts,
        ("best objective", words.number(summary.best.objective if summary.best else None)),
        ("rows counted" if traits.walks_grid else "sample sizes seen", sizes or words.NOTHING),
        ("pool", spec.survivors_path),
        ("pool rows", words.number(summary.rows)),
        ("minority share of the pool", words.percent(run.minority_share if run else None)),
        (f"{_measured(traits)} with a blind modulus", words.percent(summary.blind_share)),
    ]


def _measured(traits: EngineTraits) -> str:
    """Return what has parameters: a shard stands for its best config."""
    return f"best configs of a {traits.unit}" if traits.walks_grid else f"{traits.unit}s"


def _cluster_facts(summary: RunSummary, trials: Sequence[Trial]) -> Facts:
    unit = traits_of(summary.spec.search).unit
    facts = [("GPUs that worked", words.number(summary.gpus))]
    if summary.collected is not None:
        facts.append(("answers that the head computed again", words.number(summary.collected.checked)))
        if summary.collected.agreed:
            facts.append((f"{unit}s to which two rigs gave the same answer", words.number(summary.collected.agreed)))
    facts += [
        (f"first {unit} started", words.moment(min((trial.started_at for trial in trials), default=None))),
        (f"last {unit} finished", words.moment(max((trial.finished_at for trial in trials), default=None))),
        (f"time in {unit}s, all lanes", words.seconds(float(summary.trial_seconds))),
    ]
    return facts

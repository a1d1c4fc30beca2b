"""What the report shows, section by section, from the run's summary and trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scorer_core.engines import traits_of
from scorer_core.gate.checks.table import TITLES
from scorer_core.gate.space import space_size
from scorer_core.report import words
from scorer_core.report.beside_the_vote import evidence_facts
from scorer_core.report.of_the_gate import gate_facts
from scorer_core.report.summary import RunSummary
from scorer_core.run.prepared import Prepared
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.space import Role, roles

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


def checks(summary: RunSummary) -> list[dict[str, Any]]:
    """Return the gate's checks, as rows of a table."""
    states = {True: ("passed", "✓ passed"), False: ("failed", "✗ failed"), None: ("open", "not evaluated")}
    return [
        {
            "name": check["name"].replace("_", " "),
            "title": TITLES.get(check["name"], ""),
            "state": states[check["passed"]][0],
            "answer": states[check["passed"]][1],
            "observed": words.pairs(check["observed"]),
            "needed": words.pairs(check["needed"]),
            "meaning": check["meaning"],
        }
        for check in (summary.gate or {}).get("checks", [])
    ]


def numbers(summary: RunSummary, trials: Sequence[Trial], run: Prepared | None) -> list[tuple[str, Facts]]:
    """Return all numbers of the run, grouped under headings."""
    beside = evidence_facts(summary.evidence, summary.regret)
    unreadable = list(summary.unreadable.items())
    return [
        (f"{traits_of(summary.spec.search).unit.capitalize()}s", _trial_facts(summary, trials)),
        ("Search", _search_facts(summary, run)),
        ("Cluster", _cluster_facts(summary, trials)),
        ("Gate", gate_facts(summary.gate)),
        *([("Beside the vote", beside)] if beside else []),
        *([("Could not be read", unreadable)] if unreadable else []),
    ]


def parameters(summary: RunSummary) -> dict[str, Any] | None:
    """Return the parameters of the best trial and of the gate's candidate, each with its role."""
    best, gate = summary.best, summary.gate or {}
    if best is None:
        return None
    candidate = gate.get("candidate")
    role, sources = roles(summary.spec.mask_policy), summary.spec.sources
    names = [*role, *sorted(set(best.params) - set(role))]
    return {
        "best": best,
        "candidate": candidate,
        "same": candidate is not None and candidate["params"] == dict(best.params),
        "rows": [
            {
                "name": name,
                "best": words.parameter(best.params.get(name, words.NOTHING)),
                "candidate": words.parameter(candidate["params"].get(name, words.NOTHING)) if candidate else "",
                "seen": role.get(name) is Role.OBJECTIVE,
                "source": sources.get(name, ""),
            }
            for name in names
        ],
    }


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


def _trial_facts(summary: RunSummary, trials: Sequence[Trial]) -> Facts:
    collected, tickets = summary.collected, summary.tickets
    again = sum(trial.attempts - 1 for trial in trials if trial.attempts > 1)
    facts = [
        ("budget", words.number(summary.spec.n_trials)),
        ("executed", words.number(tickets[TicketState.DONE])),
        ("collected from the nodes", words.number(collected.collected if collected else None)),
        ("reported by the study", words.number(collected.reported if collected else None)),
        ("failed", words.number(tickets[TicketState.FAILED])),
        ("done at a later attempt, attempts in vain", words.number(again)),
        ("recovered from journals", words.number(collected.recovered if collected else None)),
        ("unfinished", words.number(sum(count for state, count in tickets.items() if not state.ended))),
    ]
    if collected and collected.torn_lines:
        facts.append(("torn journal lines", words.number(collected.torn_lines)))
    return facts


def _search_facts(summary: RunSummary, run: Prepared | None) -> Facts:
    spec = summary.spec
    sizes = ", ".join(words.sample(size) for size in summary.sample_sizes)
    return [
        ("configs in the space", words.number(space_size(spec.mask_policy))),
        ("best objective", words.number(summary.best.objective if summary.best else None)),
        ("sample sizes seen", sizes or words.NOTHING),
        ("pool rows", words.number(summary.rows)),
        ("minority share of the pool", words.percent(run.minority_share if run else None)),
        ("trials with a blind modulus", words.percent(summary.blind_share)),
    ]


def _cluster_facts(summary: RunSummary, trials: Sequence[Trial]) -> Facts:
    facts = [("GPUs that worked", words.number(summary.gpus))]
    if summary.collected is not None:
        facts.append(("answers that the head computed again", words.number(summary.collected.checked)))
        facts.append(("shards to which two rigs gave the same answer", words.number(summary.collected.agreed)))
    facts += [
        ("first trial started", words.moment(min((trial.started_at for trial in trials), default=None))),
        ("last trial finished", words.moment(max((trial.finished_at for trial in trials), default=None))),
        ("seconds in trials, all lanes", words.number(float(summary.trial_seconds))),
    ]
    return facts

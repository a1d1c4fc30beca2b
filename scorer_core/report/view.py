"""What the report shows, section by section, from the run's summary and trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from scorer_core.gate.checks.table import TITLES
from scorer_core.gate.statistics import CONFIDENCE
from scorer_core.report import words
from scorer_core.report.beside_the_vote import evidence_facts
from scorer_core.report.summary import RunSummary
from scorer_core.run.prepared import Prepared
from scorer_core.run.slot import Slot
from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.space import Role, roles

Record = Mapping[str, Any]
Facts = list[tuple[str, str]]

SHOWN_TRIALS = 20


def tiles(summary: RunSummary) -> list[dict[str, str]]:
    """Return the few numbers to see first."""
    collected, best, gate = summary.collected, summary.best, summary.gate or {}
    test = gate.get("holdout") or {}
    budget = summary.spec.n_trials
    lift = test.get("lift")
    p_note = f"allowed: {words.number(gate.get('alpha_j'), 3)}" if test else "the holdout is untouched"
    bound = f"≥ {words.number(test['lower_bound'], 3)} with {CONFIDENCE:.0%} confidence" if test else p_note
    where = f"trial {best.number}, on its own sample" if best else "no trial has a result"
    told = f"{collected.collected:,} collected, {collected.reported:,} reported" if collected else "not collected"
    return [
        {"name": "Trials with a result", "value": f"{summary.tickets[TicketState.DONE]:,} of {budget:,}", "note": told},
        {"name": "Best objective", "value": words.number(best.objective if best else None), "note": where},
        {"name": "Holdout lift", "value": words.NOTHING if lift is None else f"× {lift:.3g}", "note": bound},
        {"name": "Holdout p-value", "value": words.p_value(test.get("p_value")), "note": p_note},
        {
            "name": "GPUs that worked",
            "value": words.number(summary.gpus),
            "note": f"on {len(summary.nodes)} nodes, {words.seconds(summary.trial_seconds)} of trials",
        },
    ]


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
    return [
        ("Trials", _trial_facts(summary)),
        ("Search", _search_facts(summary, run)),
        ("Cluster", _cluster_facts(summary, trials)),
        ("Gate", _gate_facts(summary.gate)),
        *([("Beside the vote", beside)] if beside else []),
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
        "same": candidate is not None and candidate["trial_number"] == best.number,
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


def share_groups(summary: RunSummary) -> list[dict[str, Any]]:
    """Return the minority among all rows and among the kept ones, on search rows and on the holdout.

    None for a run that an earlier release decided: it did not write down the counts of the search rows.
    """
    gate = summary.gate or {}
    candidate, test = gate.get("candidate"), gate.get("holdout")
    counts = candidate and candidate["search"].get("counts")
    if not counts or test is None:
        return []
    groups = [_group("Search rows", counts), _group("Holdout rows", test["counts"])]
    champion = gate["champion"]
    if champion is not None:
        other = champion["counts"]
        bar = {"label": "kept by the published config", "minority": other["minority_kept"], "rows": other["kept"]}
        groups[1]["bars"].append(bar)
    return groups


def _group(name: str, counts: Record) -> dict[str, Any]:
    return {
        "name": name,
        "bars": [
            {"label": "all rows", "minority": counts["minority"], "rows": counts["rows"]},
            {"label": "kept by the candidate", "minority": counts["minority_kept"], "rows": counts["kept"]},
        ],
    }


def _trial_facts(summary: RunSummary) -> Facts:
    collected, tickets = summary.collected, summary.tickets
    facts = [
        ("budget", words.number(summary.spec.n_trials)),
        ("executed", words.number(tickets[TicketState.DONE])),
        ("collected from the nodes", words.number(collected.collected if collected else None)),
        ("reported by the study", words.number(collected.reported if collected else None)),
        ("failed", words.number(tickets[TicketState.FAILED])),
        ("recovered from journals", words.number(collected.recovered if collected else None)),
        ("unfinished", words.number(sum(count for state, count in tickets.items() if not state.ended))),
    ]
    if collected and collected.torn_lines:
        facts.append(("torn journal lines", words.number(collected.torn_lines)))
    return facts


def _search_facts(summary: RunSummary, run: Prepared | None) -> Facts:
    spec = summary.spec
    pool, searched, held = astuple(summary.rows) if summary.rows else (None, None, None)
    sizes = ", ".join(words.sample(size) for size in summary.sample_sizes)
    return [
        ("engine", spec.search.value),
        ("mask policy", spec.mask_policy.value),
        ("seed", str(spec.seed)),
        ("sample size asked for", words.sample(spec.sample_size)),
        ("sample sizes seen", sizes or words.NOTHING),
        ("pool rows", words.number(pool)),
        ("search rows / holdout rows", f"{words.number(searched)} / {words.number(held)}"),
        ("minority share of the pool", words.percent(run.minority_share if run else None)),
        ("trials with a blind modulus", words.percent(summary.blind_share)),
    ]


def _cluster_facts(summary: RunSummary, trials: Sequence[Trial]) -> Facts:
    facts = [(f"trials on {node}", words.number(count)) for node, count in summary.nodes.items()]
    facts += [("GPUs that worked", words.number(summary.gpus))]
    if summary.collected is not None:
        facts += [(f"unreachable: {node}", why) for node, why in summary.collected.unreachable.items()]
        facts += [(f"taken out of the run: {node}", why) for node, why in summary.collected.taken_out.items()]
    facts += [
        ("first trial started", words.moment(min((trial.started_at for trial in trials), default=None))),
        ("last trial finished", words.moment(max((trial.finished_at for trial in trials), default=None))),
        ("seconds in trials, all lanes", words.number(float(summary.trial_seconds))),
    ]
    return facts


def _gate_facts(gate: Record | None) -> Facts:
    if gate is None:
        return [("verdict", "none yet")]
    facts = [("verdict", gate["verdict"]), ("decision on this pool", f"number {gate['decision']}")]
    facts += [
        ("α, over all decisions", words.number(gate["alpha"])),
        ("α of this decision", words.number(gate["alpha_j"])),
    ]
    candidate, test, champion = gate["candidate"], gate["holdout"], gate["champion"]
    if candidate is not None:
        found = candidate["search"]
        facts.append(("candidate", f"trial {candidate['trial_number']}"))
        facts.append(("objective on all search rows", words.number(found["objective"])))
        facts.append(
            ("keeps of the search rows", f"{words.number(found['subset_n'])} ({words.percent(found['keep'])})")
        )
    if test is not None:
        facts.append(("holdout lift", f"{words.number(test['lift'])} (needed {words.number(test['min_lift'])})"))
        facts.append((f"lower bound, {CONFIDENCE:.0%}", words.number(test["lower_bound"])))
        facts.append(("p-value", words.p_value(test["p_value"])))
        facts.append((f"power at lift {test['min_lift']:g}", words.percent(test["power"])))
        facts.append(("objective on the holdout", words.number(test["objective"])))
        facts.append(("published config before", "none" if champion is None else _measured(champion)))
        facts += _comparison_facts(gate["comparison"])
    return facts


def _comparison_facts(comparison: Record | None) -> Facts:
    """Return what the rows say that only one of candidate and published config keeps."""
    if comparison is None:
        return []
    ours, theirs = comparison["candidate_only"], comparison["champion_only"]
    return [
        ("candidate less published config, in lift", words.number(comparison["lift_difference"])),
        ("minority of the rows that only the candidate keeps", f"{ours['minority']:,} of {ours['rows']:,}"),
        ("minority of those that only the published config keeps", f"{theirs['minority']:,} of {theirs['rows']:,}"),
        ("p-value of that difference", words.p_value(comparison["p_value"])),
    ]


def _measured(champion: Record) -> str:
    told = f"objective {words.number(champion['objective'])}, lift {words.number(champion['lift'])} on the same holdout"
    return f"{told}: stale" if champion["stale"] else told

"""The nodes of a run: what each did, with which program, and what went wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from scorer_core.report import words
from scorer_core.report.summary import RunSummary
from scorer_core.run.collected import Collected
from scorer_core.run.trials import Trial

_SHORT = 160


@dataclass(frozen=True)
class NodeRow:
    """One node as the report shows it; `standing` says how it was, in words, and `fine` whether that is well."""

    name: str
    gpus: str
    trials: str
    time: str
    median: str
    worker: str
    standing: str
    fine: bool


def nodes(summary: RunSummary, done: Sequence[Trial]) -> list[NodeRow]:
    """Return every node that did something, or of which something is told, by name."""
    troubles = _troubles(summary)
    return [
        _row(name, [one for one in done if one.node == name], troubles, summary)
        for name in sorted({*summary.nodes, *troubles})
    ]


def out_of_it(summary: RunSummary) -> list[tuple[str, str]]:
    """Return the nodes that a reader has to know of first, and in few words why: the page has the rest below."""
    return [
        (node, why if len(why) <= _SHORT else f"{why[:_SHORT].rstrip()}…") for node, why in _troubles(summary).items()
    ]


def _row(name: str, own: Sequence[Trial], troubles: dict[str, str], summary: RunSummary) -> NodeRow:
    seconds = [trial.seconds for trial in own]
    return NodeRow(
        name=name,
        gpus=words.number(len({trial.gpu for trial in own})),
        trials=words.number(len(own)),
        time=words.seconds(sum(seconds)),
        median=words.seconds(median(seconds) if seconds else None),
        worker=summary.worker_sha256[:12] if own else words.NOTHING,
        standing=troubles.get(name, "worked"),
        fine=name not in troubles,
    )


def _troubles(summary: RunSummary) -> dict[str, str]:
    """Return why a node did not do, the gravest reason last: it stays."""
    found = {node: f"no lane: {why}" for node, why in summary.left_out.items()}
    return found if summary.collected is None else found | _collected(summary.collected)


def _collected(collected: Collected) -> dict[str, str]:
    found = {node: f"slow: {how.removeprefix(f'{node} ')}" for node, how in collected.slow.items()}
    found |= {node: f"refused: {why}" for node, why in collected.refused.items()}
    found |= {node: f"unreachable: {_once(node, why)}" for node, why in collected.unreachable.items()}
    found |= {node: f"taken out of the run: {why}" for node, why in collected.taken_out.items()}
    return found | {node: f"not believed: {why}" for node, why in collected.distrusted.items()}


def _once(node: str, why: str) -> str:
    """Return why a node is out without its name, which stands beside it."""
    return why.replace(f"{node}: ", "")

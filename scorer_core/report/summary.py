"""summary.json: the run in numbers, however it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from scorer_core.gate.verdict import Verdict
from scorer_core.ledger.records import RunRecord
from scorer_core.report.beside import NOTHING_BESIDE, Beside
from scorer_core.report.gathered import Gathered, object_of
from scorer_core.run.collected import Collected
from scorer_core.run.folder import RunFiles
from scorer_core.run.prepared import Prepared, rows_of
from scorer_core.run.published import Published
from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.objective import Reason
from scorer_core.scoring.params import Params
from scorer_core.spec import RunSpec

SUMMARY_SCHEMA = 1
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Best:
    """The trial with the best objective on its own sample, ties by lower number."""

    number: int
    objective: float
    keep: float
    reason: Reason
    params: Params
    node: str
    gpu: int


@dataclass(frozen=True)
class RunSummary:
    """What is known of a run when it ends; what it did not reach is None.

    `tickets` are the ledger's, by state. `sample_sizes`, `nodes` (trials of each), `gpus`, `trial_seconds` (all
    lanes together) and `blind_share` (of trials with a blind modulus) are over finished trials. `gate` and `evidence`
    are JSON objects: verdict.json and evidence.json. `regret` and what follows it is as `Beside` has it.
    `unreadable` says of files in the folder, by name, what is wrong with them; what they would have told is None.
    """

    run_id: str
    study_name: str
    spec: RunSpec
    folder: str
    worker_sha256: str
    pool_sha256: str
    rows: int | None
    tickets: Mapping[TicketState, int]
    collected: Collected | None
    sample_sizes: tuple[int | None, ...]
    nodes: Mapping[str, int]
    gpus: int
    trial_seconds: float
    blind_share: float | None
    best: Best | None
    gate: Record | None
    evidence: Record | None
    published: Published | None
    regret: Record | None = None
    published_before: Record | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    failed_attempts: int | None = None
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict | None:
        """Return the gate's verdict, None when it has not decided."""
        return None if self.gate is None else Verdict(self.gate["verdict"])

    def to_json(self) -> dict[str, Any]:
        """Return the content of summary.json; `from_json` reads it back."""
        return {
            "schema_version": SUMMARY_SCHEMA,
            "run_id": self.run_id,
            "study_name": self.study_name,
            "spec": self.spec.to_record(),
            "folder": self.folder,
            "worker_sha256": self.worker_sha256,
            "pool_sha256": self.pool_sha256,
            "rows": self.rows,
            "tickets": {state.value: count for state, count in self.tickets.items()},
            "collected": self.collected and self.collected.to_json(),
            "sample_sizes": list(self.sample_sizes),
            "nodes": dict(self.nodes),
            "gpus": self.gpus,
            "trial_seconds": self.trial_seconds,
            "blind_share": self.blind_share,
            "best": self.best and {**asdict(self.best), "reason": self.best.reason.value},
            "verdict": self.verdict,
            "gate": self.gate,
            "evidence": self.evidence,
            "published": self.published and self.published.to_json(),
            "regret": self.regret,
            "published_before": self.published_before,
            "left_out": dict(self.left_out),
            "failed_attempts": self.failed_attempts,
            "unreadable": dict(self.unreadable),
        }

    @classmethod
    def from_json(cls, record: Record) -> RunSummary:
        """Build a summary from what `to_json` gave, in this release or an earlier one.

        Raises:
            KeyError, TypeError, ValueError: the record is none.
            SpecError: its spec is no spec.
        """
        rows, collected, best, published = (record[name] for name in ("rows", "collected", "best", "published"))
        parsed = {
            "spec": RunSpec.from_record(record["spec"]),
            "rows": None if rows is None else rows_of(rows),
            "tickets": {TicketState(state): count for state, count in record["tickets"].items()},
            "collected": collected and Collected.from_json(collected),
            "sample_sizes": tuple(record["sample_sizes"]),
            "best": best and Best(**{**best, "reason": Reason(best["reason"])}),
            "evidence": record.get("evidence"),
            "published": published and Published.from_json(published),
        }
        derived = ("schema_version", "verdict")
        return cls(**{**{name: value for name, value in record.items() if name not in derived}, **parsed})


def build_summary(
    run: RunRecord,
    files: RunFiles,
    trials: Sequence[Trial],
    tickets: Mapping[TicketState, int],
    beside: Beside = NOTHING_BESIDE,
    gathered: Gathered | None = None,
) -> RunSummary:
    """Return the summary of a run, from its record, its folder and its trials; `tickets` are counts by state.

    `gathered` has noted what else could not be read.
    """
    done = [trial for trial in trials if trial.has_result]
    found = gathered or Gathered()
    prepared = found.read(files.run, Prepared.from_json)
    return RunSummary(
        run_id=run.run_id,
        study_name=run.study_name,
        spec=run.spec,
        folder=files.location,
        worker_sha256=run.worker_sha256,
        pool_sha256=run.pool_sha256,
        rows=None if prepared is None else prepared.rows,
        tickets=tickets,
        collected=found.read(files.collected, Collected.from_json),
        sample_sizes=tuple(sorted({trial.sample_size for trial in done}, key=str)),
        nodes=dict(sorted(Counter(trial.node for trial in done).items())),
        gpus=len({(trial.node, trial.gpu) for trial in done}),
        trial_seconds=sum(trial.seconds for trial in done),
        blind_share=_blind_share(done),
        best=_best(done),
        gate=found.read(files.verdict, _gate_of),
        evidence=found.read(files.evidence, object_of),
        published=found.read(files.published, Published.from_json),
        regret=beside.regret,
        published_before=beside.published_before,
        left_out=beside.left_out,
        failed_attempts=beside.failed_attempts,
        unreadable=found.unreadable,
    )


def read_summary(files: RunFiles) -> RunSummary:
    """Return the summary of a run that has ended; raises FileNotFoundError before that."""
    return RunSummary.from_json(files.summary.read_json())


def read_prepared(files: RunFiles) -> Prepared | None:
    """Return what the run was given, None when its folder was cut short, or run.json cannot be read."""
    return Gathered().read(files.run, Prepared.from_json)


def by_objective(trials: Sequence[Trial]) -> list[Trial]:
    """Return finished trials, the best objective first, ties by lower number."""
    return sorted(trials, key=lambda trial: (-trial.score.objective, trial.number))


def _gate_of(document: Any) -> Record:
    """Return verdict.json; raises KeyError, TypeError or ValueError where it has no verdict."""
    gate = object_of(document)
    Verdict(gate["verdict"])
    return gate


def _best(done: Sequence[Trial]) -> Best | None:
    for best in by_objective(done)[:1]:
        score = best.score
        return Best(best.number, score.objective, score.keep, score.reason, best.params, best.node, best.gpu)
    return None


def _blind_share(done: Sequence[Trial]) -> float | None:
    """Return the share of trials in which at least one of the three moduli was blind."""
    blind = [any(trial.evaluation.blind) for trial in done if trial.evaluation is not None]
    return sum(blind) / len(blind) if blind else None

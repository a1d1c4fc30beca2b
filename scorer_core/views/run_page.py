"""One run that is over, or may be: its record, its verdict, and what its folder or else the ledger tells of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from scorer_core.errors import RunError, RunNotFound
from scorer_core.ledger.lanes import best_ticket, seconds_spent
from scorer_core.ledger.records import RunRecord
from scorer_core.ledger.runs import find_run
from scorer_core.ledger.trials import trial_of
from scorer_core.ledger.verdicts import Settled, settled
from scorer_core.report.gathered import UNFIT
from scorer_core.report.summary import Best, RunSummary, read_prepared, read_summary
from scorer_core.run.folder import RunFiles
from scorer_core.run.prepared import Prepared
from scorer_core.views.installation import Installation
from scorer_core.views.live import Progress, progress_of
from scorer_core.views.published import published_run


@dataclass(frozen=True)
class RunView:
    """One run. `files` is None, and `no_files` says why, where its folder is not shown.

    `summary` is what the run's folder says at its end, or else what the ledger knows.
    """

    record: RunRecord
    settled: Settled | None
    progress: Progress
    files: RunFiles | None
    no_files: str
    summary: RunSummary
    prepared: Prepared | None
    is_published: bool

    @property
    def is_over(self) -> bool:
        """Say whether nothing more will happen by itself."""
        return self.record.ended_at is not None

    @property
    def has_report(self) -> bool:
        """Say whether there is a report to read."""
        return self.files is not None and self.files.report.exists()


def run_record(installation: Installation, run_id: str) -> RunRecord:
    """Return a run of the ledger.

    Raises:
        RunNotFound: the ledger does not know it.
        RunError: this program cannot read what is stored of it.
    """
    ledger = installation.ledger
    try:
        found = find_run(ledger, run_id)
    except UNFIT as error:
        raise RunError(
            f"What the ledger stores of this run cannot be read by this program ({type(error).__name__}). "
            "Install the release that made the run."
        ) from None
    if found is None:
        raise RunNotFound("The ledger knows no run of this name.")
    return found


def run_view(installation: Installation, run_id: str) -> RunView:
    """Return what is known of a run; raises what `run_record` raises."""
    record = run_record(installation, run_id)
    said = settled(installation.ledger, run_id)
    progress = progress_of(installation, record)
    files, no_files = installation.files(run_id, record.created_at)
    return RunView(
        record=record,
        settled=said,
        progress=progress,
        files=files,
        no_files=no_files,
        summary=_summary(installation, record, said, progress, files),
        prepared=None if files is None else read_prepared(files),
        is_published=published_run(installation) == run_id,
    )


def _summary(
    installation: Installation, record: RunRecord, said: Settled | None, progress: Progress, files: RunFiles | None
) -> RunSummary:
    """Return summary.json of a run that is over, with the ledger's tickets and verdict; else what the ledger knows."""
    gate = None if said is None else said.decision
    written = None if files is None or record.ended_at is None else _written(files, record.run_id)
    if written is not None:
        attempts, counts = progress.failed_attempts, progress.counts
        return replace(written, gate=gate or written.gate, tickets=counts, failed_attempts=attempts)
    if said is not None and gate is None:
        gate = _verdict_alone(said)
    worked = [rig for rig in progress.rigs if rig.done]
    with installation.ledger.connect() as connection:
        spent, best = seconds_spent(connection, record.run_id), _best(connection, record.run_id, progress)
    return RunSummary(
        run_id=record.run_id,
        study_name=record.study_name,
        spec=record.spec,
        folder=record.folder,
        worker_sha256=record.worker_sha256,
        pool_sha256=record.pool_sha256,
        rows=None,
        tickets=progress.counts,
        collected=None,
        sample_sizes=(record.spec.sample_size,) if worked else (),
        nodes={rig.name: rig.done for rig in worked},
        gpus=sum(bool(lane.done) for rig in worked for lane in rig.lanes),
        trial_seconds=spent,
        blind_share=None,
        best=best,
        gate=gate,
        evidence=None,
        published=None,
        failed_attempts=progress.failed_attempts,
    )


def _written(files: RunFiles, run_id: str) -> RunSummary | None:
    """Return the summary that a run left, None where it cannot be read."""
    try:
        written = read_summary(files)
    except UNFIT:
        return None
    return written if written.run_id == run_id else None


def _best(connection: Connection, run_id: str, progress: Progress) -> Best | None:
    """Return the best trial of a run, None without one, or where its answer cannot be read."""
    if not progress.bins:
        return None
    where = max(progress.bins, key=lambda one: one.best)  # of equal ones the first
    try:
        ticket = best_ticket(connection, run_id, where, progress.bin_width)
        if ticket is None:
            return None
        trial = trial_of(ticket)
        score = trial.score
    except (*UNFIT, RunError):
        return None
    return Best(trial.number, score.objective, score.keep, score.reason, trial.params, trial.node, trial.gpu)


def _verdict_alone(said: Settled) -> dict[str, Any]:
    """Return a decision of release 0.1.0, which kept all but the verdict in the run's folder."""
    reason = "Why was kept in the run's folder alone."
    nothing = dict.fromkeys(("alpha", "alpha_j", "candidate", "champion"))
    return {"verdict": said.verdict, "reason": reason, "checks": [], "decision": said.number, **nothing}

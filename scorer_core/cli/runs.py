"""`gate`, `publish`, `rollback` and `runs`: what is decided on runs, and what is published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scorer_core.cli.installation import open_installation
from scorer_core.cli.output import print_facts, print_json, print_list, print_table
from scorer_core.errors import RunNotFound

if TYPE_CHECKING:
    from scorer_core.context import RunContext
    from scorer_core.gate.checks.check import Check
    from scorer_core.ledger.overview import RunOverview

RunFolder = Annotated[Path, typer.Option("--run", metavar="DIR", help="Run folder of a search or a DAG run.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def add_to(app: typer.Typer) -> None:
    """Make `scorer gate`, `publish`, `rollback` and `runs` commands of the program."""
    app.command("gate")(gate)
    app.command("publish")(publish)
    app.command("rollback")(rollback)
    app.command("runs")(runs)


def gate(run: RunFolder, as_json: AsJson = False) -> None:
    """Decide on a run, on all rows of its pool; a run that has a verdict keeps it.

    Exit code: 0 PUBLISH, 3 KEEP_CHAMPION, 4 REJECT, 5 INCONCLUSIVE; 2 is an error, without a verdict.
    """
    from scorer_core.gate.verdict import row_of
    from scorer_core.steps.quality_gate import quality_gate

    context = _context(run)
    decision = quality_gate(context)
    _refresh_report(context)
    if as_json:
        print_json(decision.to_json())
    else:
        print_facts(verdict=decision.verdict.value, reason=decision.reason)
        print_table(("check", "passed", "what it means"), [_row(check) for check in decision.checks])
    raise typer.Exit(row_of(decision.verdict).exit_code)


def publish(
    run: RunFolder,
    again: Annotated[
        bool, typer.Option("--again", help="Publish it although it, or a config with its mask, was withdrawn.")
    ] = False,
) -> None:
    """Replace the published config by a run's, if its verdict is PUBLISH; the previous one is archived."""
    from scorer_core.steps.publish import publish as publish_run

    context = _context(run)
    published = publish_run(context, again)
    _refresh_report(context)
    print_facts(published=published.config, archived=published.archived or "nothing was published before")


def rollback() -> None:
    """Put the config that was published before the present one back, byte for byte.

    The present one is withdrawn: neither its run nor its mask is published again without `scorer publish --again`.
    """
    from scorer_core.publish.publisher import Publisher
    from scorer_core.publish.withdrawal import roll_back

    settings, ledger = open_installation()
    publisher = Publisher(settings.publish_dir)
    archived = roll_back(publisher, ledger.engine)
    print_facts(published=publisher.config, taken_from=archived)


def runs(as_json: AsJson = False) -> None:
    """List every run that the ledger knows, the newest first: pool, engine, trials, verdict, whether it is published.

    `open`, in place of a verdict: the run is not over. `scorer show RUN` has a run's folder.
    """
    from scorer_core.ledger.database import open_engine
    from scorer_core.ledger.overview import run_overviews
    from scorer_core.views.installation import Installation
    from scorer_core.views.published import published_run

    settings, _ = open_installation()
    engine = open_engine(settings.database_url)
    found = run_overviews(engine)
    published = published_run(Installation(settings, engine))
    if as_json:
        print_json([{**overview.to_json(), "published": overview.run_id == published} for overview in found])
        return
    columns = ("run", "pool", "engine", "trials", "best", "verdict", "published", "age")
    stacked = ((0, 1), (2, 3), (5, 6), (7, None))
    print_list(columns, [_line(overview, overview.run_id == published) for overview in found], stacked)


def _line(overview: RunOverview, is_published: bool) -> tuple[str, ...]:
    from scorer_core.report import words
    from scorer_core.run.clock import utc_now

    return (
        overview.run_id,
        overview.pool or "-",
        overview.engine or "-",
        f"{overview.trials_done}/{overview.budget}",
        "-" if overview.best_objective is None else f"{overview.best_objective:.4f}",
        overview.verdict or ("open" if overview.ended_at is None else "-"),
        "published" if is_published else "",
        words.age((utc_now() - overview.created_at).total_seconds()),
    )


def _row(check: Check) -> tuple[str, str, str]:
    passed = {True: "yes", False: "NO", None: "-"}[check.passed]
    return check.name, passed, check.meaning


def _context(folder: Path) -> RunContext:
    """Return the context of the run in a folder.

    Raises:
        RunNotFound: the folder holds no run, one that the ledger does not know, or a copy of one.
        RunError: it holds the files of another run with the same id.
    """
    from scorer_core.context import RunContext
    from scorer_core.run.folder import run_id_of
    from scorer_core.run.shared import see_same

    run_id = run_id_of(folder)
    settings, ledger = open_installation()
    context = RunContext(settings, ledger, ledger.run(run_id))
    made_in = context.files.location
    if Path(made_in).resolve() != folder.resolve():
        raise RunNotFound(f"{folder}: run {run_id} was made in {made_in}. Name that folder, or move this one back.")
    see_same(run_id, context.record.created_at, context.files, settings.publish_dir)
    return context


def _refresh_report(context: RunContext) -> None:
    """Write summary and report again, where the run is over: the one that is there lacks what was decided now."""
    from scorer_core.steps.report import report

    if context.record.ended_at is not None:
        report(context)

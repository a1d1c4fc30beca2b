"""How news of a run go out, each once.

What was told leaves a file in the run's folder, made before the message goes out and removed where it did not: so a
later task of the run tells it, and one that is tried again, or cleared, does not.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256

from airflow.sdk import Context
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from scorer_airflow.notifiers import made, words
from scorer_core.errors import ScorerError
from scorer_core.ledger.reading import open_to_read
from scorer_core.ledger.records import RunRecord
from scorer_core.ledger.runs import find_run
from scorer_core.notify import Event, Notify
from scorer_core.rig.paths import safe_name
from scorer_core.run.clock import utc_now
from scorer_core.run.folder import RunFiles
from scorer_core.run.slot import Slot
from scorer_core.run.store import RunStore, open_store
from scorer_core.settings import Settings
from scorer_core.views import news
from scorer_core.views.discreet import discreet
from scorer_core.views.news import News

log = logging.getLogger(__name__)


def tell(settings: Settings, events: Sequence[Event], context: Context) -> None:
    """Tell those events of a run that happened and were not told; what cannot be sent is logged."""
    run_id = context["run_id"]
    with _opened(settings, run_id) as (ledger, run):
        for one in _happened(settings, ledger, run, events, context):
            for whom in settings.notify:
                if one.event in whom.on:
                    _tell_once(*_record(settings, run, run_id, one, whom), one, whom, context)


@contextmanager
def _opened(settings: Settings, run_id: str) -> Iterator[tuple[Engine | None, RunRecord | None]]:
    """Open the ledger and find a run in it; without either where it cannot be read."""
    found: tuple[Engine | None, RunRecord | None] = None, None
    with ExitStack() as closing:
        try:
            ledger = open_to_read(settings.database_url)
            if ledger is not None:
                closing.callback(ledger.dispose)
                found = ledger, find_run(ledger, run_id)
        except (ScorerError, SQLAlchemyError) as error:
            what = f"the ledger cannot be read ({type(error).__name__})"
            log.warning("%s: of run %s nothing but a failure is told", what, run_id)
        yield found


def _happened(
    settings: Settings, ledger: Engine | None, run: RunRecord | None, events: Sequence[Event], context: Context
) -> Iterator[News]:
    if Event.FAILED in events:
        yield from news.of_failure(ledger, run, context["run_id"], settings.refused)
    if ledger is None or run is None:
        return
    if Event.RIG_OUT in events:
        yield from news.of_rigs(ledger, run, _failed_here(context))
    if Event.VERDICT in events:
        yield from news.of_verdict(ledger, run.run_id)
    if Event.APPROVAL in events:
        yield from news.of_approval(ledger, run.run_id)


def _failed_here(context: Context) -> dict[str, tuple[str, str]]:
    """Return the node of a task that failed: its place, and the reason."""
    error, task = context.get("exception"), context.get("task")
    slot = getattr(task, "slot", None)
    node = slot["node"] if isinstance(slot, dict) else getattr(task, "node", None)
    if error is None or not isinstance(node, str):
        return {}
    return {node: (Slot(**slot).label if isinstance(slot, dict) else node, str(error))}


def _record(settings: Settings, run: RunRecord | None, run_id: str, one: News, whom: Notify) -> tuple[RunStore, str]:
    """Return where it is written down that something was told to somebody; beside the runs, where there is no run."""
    about = one.about if run is not None else safe_name(run_id)
    whose = sha256(json.dumps([whom.notifier, whom.kwargs], sort_keys=True).encode()).hexdigest()[:8]
    store = open_store(settings.runs_dir) if run is None else RunFiles.at(run.folder).store
    return store, "-".join(filter(None, (".told", one.event.value, about, whose)))


def _tell_once(store: RunStore, name: str, one: News, whom: Notify, context: Context) -> None:
    if not _claimed(store, name, one):
        return
    try:
        made(whom)({**context, "scorer": words(one, context["run_id"])})
        log.info("%s told: %s", whom.notifier, one.subject)
    except Exception as error:  # of a mail server, or of anybody's class
        store.remove(name)
        why = f"{type(error).__name__}: {discreet(error, 200)}"
        log.warning("%s could not tell %r (%s)", whom.notifier, one.subject, why)


def _claimed(store: RunStore, name: str, one: News) -> bool:
    """Say whether it falls to this process to tell; where that cannot be written down, it may be told again."""
    try:
        return store.create(name, f"{utc_now().isoformat()} {one.subject}\n".encode())
    except OSError as error:
        log.warning("that %r is told cannot be written down (%s): it may be told again", one.subject, error.strerror)
        return True

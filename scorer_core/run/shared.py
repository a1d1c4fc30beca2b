"""What the tasks of a run share besides the ledger: the run folders and the folder of the published config.

On several machines both have to be one volume. A task looks before it begins: else it would miss a file in the
middle of its work, or publish where nobody reads.
"""

from __future__ import annotations

import secrets
import socket
from datetime import datetime
from pathlib import Path

from scorer_core.atomic import create_bytes, make_private_folder
from scorer_core.errors import RunError
from scorer_core.run.folder import RunFiles

MARK = ".shared"
"""A file in the folder of the published config; its content tells that folder from any other."""


def leave_mark(files: RunFiles, publish_dir: Path) -> None:
    """Write into the run which folder of the published config it belongs to.

    Raises:
        RunError: that folder cannot be written.
    """
    try:
        files.shared.write_json({"published": _made(publish_dir / MARK)})
    except OSError as error:
        raise RunError(
            f"{publish_dir}: cannot be written ({error.strerror}). "
            f"Make the folder of SCORER_PUBLISH_DIR writable for the user of the tasks on {socket.gethostname()}."
        ) from None


def is_of(files: RunFiles, run_id: str, created_at: datetime) -> bool:
    """Say whether run.json names this run: by its id, and by the moment at which the ledger made it.

    Another ledger, or one that was made anew, may give the same id again.

    Raises:
        FileNotFoundError: there is no run.json.
        ValueError, KeyError, TypeError: it is none.
    """
    found = files.run.read_json()
    return found["run_id"] == run_id and datetime.fromisoformat(found["created_at"]) == created_at


def see_same(run_id: str, created_at: datetime, files: RunFiles, publish_dir: Path) -> None:
    """See that a run's files, and the folder of the published config, are here as they were when it was prepared.

    A run of an earlier release names no such folder; `scorer search` needs none.

    Raises:
        RunError: one of them is not here.
    """
    here = socket.gethostname()
    if not files.run.exists():
        raise RunError(
            f"{here} does not see run {run_id}: {files.location} has no run.json. Mount the volume of SCORER_RUNS_DIR "
            "there as on the machine that ran prepare_run. (A run that the retention removed cannot go on.)"
        )
    if _is_anothers(files, run_id, created_at):
        raise RunError(
            f"{files.location}: holds the files of another run that was called {run_id!r}. Put back those of the "
            f"run that was made at {created_at:%Y-%m-%d %H:%M:%S} UTC, or trigger a run with another id."
        )
    if files.shared.exists() and files.shared.parsed(lambda record: record["published"]) != _read(publish_dir / MARK):
        raise RunError(
            f"{here} has another folder at {publish_dir} than the machine that ran prepare_run of run {run_id}. "
            "Mount the volume of SCORER_PUBLISH_DIR there, too."
        )


def _is_anothers(files: RunFiles, run_id: str, created_at: datetime) -> bool:
    """Say whether run.json names another run; one that cannot be read names none."""
    try:
        return not is_of(files, run_id, created_at)
    except (ValueError, KeyError, TypeError):
        return False


def _made(mark: Path) -> str:
    """Return the mark; of several that make it at once, the first one's stays."""
    known = _read(mark)
    if known is not None:
        return known
    make_private_folder(mark.parent)
    create_bytes(mark, secrets.token_hex(16).encode())
    return mark.read_text()


def _read(mark: Path) -> str | None:
    try:
        return mark.read_text()
    except FileNotFoundError:
        return None

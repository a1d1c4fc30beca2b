"""Optuna's dashboard shows the studies of record by the commands of docs/operations.md, and can change nothing."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, make_url, text

from scorer_core.steps.collect import collect
from sim.rigs.ports import ReservedPort
from tests.support.postgres import postgres_server
from tests.support.prepared import make_settings, prepared
from tests.support.runs import CONF, run_trials, sample_pool
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow
OPERATIONS = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
PART = OPERATIONS.split("## Optuna's dashboard\n")[1].split("\n## ")[0]
COPY, BY_COPY, BY_ROLE = [line for line in PART.splitlines() if line.startswith(".venv/bin/")]
(ROLE,) = re.findall(r"```sql\n(.*?)```", PART, re.DOTALL)


def search(home: Path, url: str) -> None:
    """Leave a study of record of twenty trials in a database."""
    context = prepared(make_settings(home, database_url=url), sample_pool(size=2000), "night", **CONF)
    run_trials(context)
    collect(context, None)


def put(command: str, **words: str) -> list[str]:
    """Return a command of the page with some of its words put otherwise; each has to be there."""
    for old, new in words.items():
        assert old in command
        command = command.replace(old, new)
    return shlex.split(command.replace(".venv/bin/", f"{Path(sys.executable).parent}/"))


@contextmanager
def served(command: str, **words: str) -> Iterator[httpx.Client]:
    """Run the dashboard by a command of the page until it answers."""
    with closing(ReservedPort()) as port:
        with subprocess.Popen(
            put(command, **{"8081": str(port.number)}, **words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                with httpx.Client(base_url=f"http://127.0.0.1:{port.number}", timeout=30) as client:
                    assert eventually(lambda: answers(client), 60, 0.2)
                    yield client
            finally:
                server.kill()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/studies").is_success
    except httpx.HTTPError:
        return False


def shown(client: httpx.Client) -> tuple[str, int]:
    """Return the name of the only study, and how many trials it shows."""
    (study,) = client.get("/api/studies").json()["study_summaries"]
    trials = client.get(f"/api/studies/{study['study_id']}", params={"after": 0}).json()["trials"]
    return study["study_name"], len(trials)


def test_on_sqlite_it_shows_a_copy_and_the_ledger_stays(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "studies.db"
    search(home, f"sqlite:///{home / 'scorer.db'}")
    subprocess.run(put(COPY, **{"/srv/scorer": str(home), "/tmp/studies.db": str(copy)}), check=True)
    before = (home / "scorer.db").read_bytes()

    with served(BY_COPY, **{"/tmp/studies.db": str(copy)}) as client:
        assert shown(client) == ("scorer/night", 20)
        assert client.delete("/api/studies/1").is_success, "a copy may be spoilt"

    assert (home / "scorer.db").read_bytes() == before


def test_on_postgresql_it_shows_the_ledger_s_and_may_change_nothing(tmp_path: Path) -> None:
    with postgres_server() as url:
        search(tmp_path / "home", url)
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text(ROLE))
        engine.dispose()
        place = make_url(url)
        where = {"db.example.net/scorer": f"{place.host}:{place.port}/{place.database}"}

        with served(BY_ROLE, **where) as client:
            assert shown(client) == ("scorer/night", 20)
            assert client.delete("/api/studies/1").is_error
            assert shown(client) == ("scorer/night", 20)

"""What docker/backup saves comes back by docker/restore after all of it was destroyed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.docker.runs import POOL, pool_of, run
from tests.docker.stack import Stack

RUN = "to-keep"
_VOLUMES = ("data", "runs", "published")


def known(stack: Stack) -> dict[str, str]:
    """Return what the product knows: ledger, study of record, and each file of the shared volumes by its checksum."""
    script = f"cd /srv/scorer && find {' '.join(_VOLUMES)} -type f -exec sha256sum {{}} + | sort"
    return {
        "files": stack.compose("exec", "-T", "worker-1", "sh", "-c", script),
        "runs": stack.sql("SELECT run_id, ended_at, decision FROM scorer_runs ORDER BY run_id"),
        "tickets": stack.sql("SELECT run_id, number, state, objective FROM scorer_tickets ORDER BY run_id, number"),
        "decisions": stack.sql("SELECT * FROM scorer_keys ORDER BY number"),
        "trials": stack.sql("SELECT study_id, number, state FROM trials ORDER BY study_id, number"),
    }


def test_all_that_was_saved_comes_back(stack: Stack, tmp_path: Path) -> None:
    pool_of(stack)
    run(stack, RUN, {"n_trials": 26, "search": "random", "seed": 1, "survivors_path": POOL})
    before, file = known(stack), tmp_path / "backups" / "scorer.tar"

    stack.script("docker/backup", str(file))
    stack.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION scorer")
    everything = " ".join(f"/srv/scorer/{name}" for name in _VOLUMES)
    stack.compose("exec", "-T", "worker-1", "find", *everything.split(), "-mindepth", "1", "-delete")
    assert stack.compose("exec", "-T", "worker-1", "find", *everything.split(), "-type", "f") == ""
    stack.script("docker/restore", str(file))

    assert file.stat().st_mode & 0o777 == 0o600
    stack.wait_until_healthy(300)
    assert known(stack) == before
    assert stack.compose("exec", "-T", "api-server", "python", "-c", _READER) == "1\n"
    listed = json.loads(stack.compose("exec", "-T", "worker-1", "scorer", "runs", "--json"))
    assert RUN in {one["run_id"] for one in listed}


_READER = f"""
import os, sqlalchemy as sa
with sa.create_engine(os.environ["SCORER_DATABASE_URL"]).connect() as connection:
    print(connection.scalar(sa.text("SELECT count(*) FROM scorer_runs WHERE run_id = '{RUN}'")))
"""

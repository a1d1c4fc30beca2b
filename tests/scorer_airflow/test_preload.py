"""The scheduler has the tasks' modules before it forks; nobody else pays for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scorer_airflow.preload import MODULES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TELL = "import json, scorer_airflow.preload; print(json.dumps(sorted(sys.modules)))"


def imported_by(*arguments: str) -> set[str]:
    """Return what is imported in a process of Airflow with these arguments, once its settings were read."""
    program = f"import sys; sys.argv[:] = {['airflow', *arguments]!r}; {TELL}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_scheduler_imports_what_tasks_need() -> None:
    assert set(MODULES) <= imported_by("scheduler")


@pytest.mark.parametrize("arguments", [["api-server"], ["dag-processor"], ["dags", "list"], []])
def test_others_import_none_of_it(arguments: list[str]) -> None:
    assert not set(MODULES) & imported_by(*arguments)

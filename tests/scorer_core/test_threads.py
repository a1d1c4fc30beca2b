"""A process of the head has one thread for matrix products, unless its environment says otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scorer_core.rig.threads import THREAD_LIMITS

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            print(*(os.environ.get(name) for name in {names}), flush=True)
            os._exit(0)
sys.meta_path.insert(0, Watch())
{imports}
"""
IMPORTS = {
    "tasks": "import scorer_airflow.tasks, scorer_core.steps.trial_lane",
    "lane": "import scorer_airflow.operators.trial_lane, scorer_core.steps.trial_lane",
    "deploy": "import scorer_airflow.operators.deploy_worker, scorer_core.steps.deploy_worker",
    "command line": "import scorer_core.cli.app, scorer_core.cli.in_one_process",
}


@pytest.mark.slow
@pytest.mark.parametrize("imports", IMPORTS.values(), ids=IMPORTS)
@pytest.mark.parametrize(("given", "seen"), [({}, "1 1 1"), ({"OPENBLAS_NUM_THREADS": "4"}, "4 1 1")])
def test_what_the_libraries_below_numpy_are_told_when_they_are_loaded(
    imports: str, given: dict[str, str], seen: str
) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in THREAD_LIMITS}

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(names=THREAD_LIMITS, imports=imports)],
        env={**environment, **given, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[:1] == [seen]

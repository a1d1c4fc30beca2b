"""The files of `dags/`, as a test loads them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from airflow.sdk import DAG

_FOLDER = Path(__file__).parents[2] / "dags"
OPTIMIZER, FLEET = _FOLDER / "scorer_meta_optimizer.py", _FOLDER / "scorer_fleet.py"


def load(path: Path) -> DAG:
    """Return the DAG of a file, named as its function."""
    spec = importlib.util.spec_from_file_location(f"the_file_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: DAG = getattr(module, path.stem)()
    return made

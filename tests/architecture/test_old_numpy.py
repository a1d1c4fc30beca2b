"""The tests of what is shipped to rigs pass where there is only an old numpy, as on a rig.

The environment is made once for every checkout on a machine, below SCORER_TEST_CACHE or else the user's cache, and
made again when a version below changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NUMPY = "1.24.4"
_TOOLS = ("hypothesis", "pytest", "pytest-timeout")
REQUIREMENTS = (f"numpy=={NUMPY}", *(f"{name}=={version(name)}" for name in _TOOLS))
QUIETLY = ("-q", "-p", "no:cacheprovider")
WORKER = "tests/scorer_core/rig/test_worker.py"
TESTS = [f"tests/scorer_core/{package}" for package in ("pool", "scoring", "rig")]


def run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a command from the repository's root, without this environment's Python settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}
    # Hypothesis: a few examples, the same every time. The many are for the numpy of the head, next door.
    environment = {**kept, "SCORER_TEST_EXAMPLES": "few"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)


def succeed(command: Sequence[str | Path]) -> str:
    answer = run(command)
    assert answer.returncode == 0, f"{command}\n{answer.stdout[-8000:]}\n{answer.stderr[-4000:]}"
    return answer.stdout


def cache() -> Path:
    """Return the folder for what is made once on a machine."""
    chosen = os.environ.get("SCORER_TEST_CACHE")
    shared = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen) if chosen else Path(shared) / "scorer-meta-optimizer"


@pytest.fixture(scope="module")
def old_python() -> Path:
    """Return the interpreter of an environment with an old numpy and pytest, and nothing else."""
    name = hashlib.sha256("\n".join([*REQUIREMENTS, sys.version]).encode()).hexdigest()[:12]
    home = cache() / "old-numpy" / name
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        fresh = home.with_name(f"{name}.{os.getpid()}")
        uv = Path(sys.executable).with_name("uv")
        python = sys.executable if sys.version_info < (3, 12) else "3.11"  # numpy 1.24 has no wheels for 3.12
        try:
            succeed([uv, "venv", "--quiet", "--relocatable", "--python", python, fresh])
            succeed(
                [uv, "pip", "install", "--quiet", "--system-certs", "--python", fresh / "bin" / "python", *REQUIREMENTS]
            )
            fresh.rename(home)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return home / "bin" / "python"


def test_the_environment_has_the_old_numpy_and_none_of_our_other_dependencies(old_python: Path) -> None:
    for absent in ("airflow", "optuna", "scipy", "sqlalchemy", "pydantic", "paramiko"):
        assert run([old_python, "-c", f"import {absent}"]).returncode != 0, absent

    assert succeed([old_python, "-c", "import numpy; print(numpy.__version__)"]).strip() == NUMPY


@pytest.mark.timeout(600)
def test_pool_scoring_and_rig_pass_their_tests_with_the_old_numpy(old_python: Path) -> None:
    said = succeed([old_python, "-m", "pytest", *QUIETLY, "-m", "not slow", *TESTS])

    passed = int(said.rsplit(" passed", 1)[0].split()[-1])
    assert passed >= 300
    assert "skipped" not in said


def test_a_worker_gives_the_old_systems_answers_with_the_old_numpy(old_python: Path) -> None:
    said = succeed([old_python, "-m", "pytest", *QUIETLY, "-k", "golden", WORKER])

    assert "1 passed" in said

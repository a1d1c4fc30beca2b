"""The walls of docs/architecture.md stand, and the checker that says so sees a breach."""

from __future__ import annotations

import pytest

from scorer_core.transport.bundle import shipped_files
from tests.architecture.walls import (
    AIRFLOW_AND_SSH,
    CODE,
    HEAD_ONLY,
    ROOT,
    SHIPPED,
    Source,
    circle,
    imports,
    inside,
    logic,
    outside,
    rooms,
    sources,
    too_long,
)

SHIPPED_SOURCES = sources(*(path.relative_to(ROOT).as_posix() for path in shipped_files()))
VERSION = "scorer_core.__version__"


def test_the_core_knows_neither_airflow_nor_ssh() -> None:
    looked_at = sources("scorer_core")

    assert [breach for source in looked_at for breach in inside(source, AIRFLOW_AND_SSH)] == []


def test_what_is_shipped_to_rigs_imports_the_standard_library_numpy_and_itself_only() -> None:
    assert [breach for source in SHIPPED_SOURCES for breach in outside(source, (*SHIPPED, VERSION))] == []


def test_the_product_does_not_know_the_suites_that_test_it() -> None:
    """They need pytest, which an installation does not have."""
    looked_at = [source for source in sources(*CODE) if not source.module.startswith("scorer_core.testing")]

    assert [breach for source in looked_at for breach in inside(source, ("scorer_core.testing", "pytest"))] == []
    assert len(looked_at) < len(sources(*CODE))


def test_rigs_never_see_study_gate_or_publisher() -> None:
    assert [breach for source in SHIPPED_SOURCES for breach in inside(source, HEAD_ONLY)] == []


def test_the_rooms_of_the_core_import_each_other_in_no_circle() -> None:
    arrows = rooms(sources("scorer_core"))

    assert {"run", "ledger", "search", "gate", "publish", "report", "views", "steps", "cli", "spec"} <= set(arrows)
    assert {"ledger", "run", "transport"} <= arrows["context"]
    assert circle(arrows) == []


def test_what_is_shipped_is_what_the_walls_stand_around() -> None:
    """The bundle's list and the list of names that shipped code may import are one."""
    modules = {source.module for source in SHIPPED_SOURCES}
    roots = {root for root in SHIPPED for module in modules if f"{module}.".startswith(f"{root}.")}

    assert roots == set(SHIPPED)
    assert {module for module in modules if not module.startswith(SHIPPED)} == {"scorer_core"}


def test_errors_and_the_package_itself_need_nothing_but_the_standard_library() -> None:
    for source in sources(
        "scorer_core/errors.py", "scorer_core/__init__.py", "scorer_core/atomic.py", "scorer_core/text.py"
    ):
        ours = [found for found in inside(source, ("numpy", "scorer_core")) if "scorer_core.text" not in found]
        assert ours == outside(source, ("scorer_core.text",)) == []


def test_the_walls_were_held_against_every_file_of_pool_and_scoring() -> None:
    """An empty list of files would pass every other test here."""
    looked_at = {source.path for source in SHIPPED_SOURCES}

    assert looked_at <= {source.path for source in sources("scorer_core")}
    assert looked_at >= {
        "scorer_core/pool/files.py",
        "scorer_core/pool/sampling.py",
        "scorer_core/pool/folds.py",
        "scorer_core/pool/survivors.py",
        "scorer_core/scoring/masks.py",
        "scorer_core/scoring/objective.py",
        "scorer_core/scoring/space.py",
        "scorer_core/scoring/trial.py",
    }
    trial = next(source for source in SHIPPED_SOURCES if source.path == "scorer_core/scoring/trial.py")
    assert "scorer_core.pool.survivors.Pool" in {found.name for found in imports(trial)}


def test_dags_hold_no_logic() -> None:
    looked_at = sources("dags")

    assert [breach for source in looked_at for breach in logic(source) + too_long(source, 150)] == []


def test_files_and_functions_fit_in_a_head() -> None:
    looked_at = sources(*CODE)

    assert len(looked_at) > 10
    assert [breach for source in looked_at for breach in too_long(source, 250, 45)] == []


def test_test_files_stay_readable_too() -> None:
    looked_at = sources("tests")

    assert "tests/architecture/test_walls.py" in {source.path for source in looked_at}
    assert [breach for source in looked_at for breach in too_long(source, 500)] == []


def core(text: str, path: str = "scorer_core/pool/planted.py") -> Source:
    return Source(path, text)


@pytest.mark.parametrize(
    "text",
    [
        "import paramiko",
        "import paramiko.client as client",
        "from paramiko import SSHClient",
        "import os, asyncssh",
        "def lane():\n    from airflow.sdk import dag",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from fabric import Connection",
        "try:\n    import sshtunnel\nexcept ImportError:\n    pass",
        "import importlib\nimportlib.import_module('paramiko.client')",
        "__import__('airflow')",
        "from scorer_airflow.ssh import connect",
    ],
)
def test_an_import_of_airflow_or_ssh_is_seen_wherever_it_stands(text: str) -> None:
    breaches = inside(core(text), AIRFLOW_AND_SSH)

    assert len(breaches) == 1
    assert breaches[0].startswith(f"scorer_core/pool/planted.py:{len(text.splitlines()) if 'try' not in text else 2} ")
    assert outside(core(text), SHIPPED) == breaches


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import scipy.stats", "scipy.stats"),
        ("from scorer_core import search", "scorer_core.search"),
        ("from scorer_core.gate import decision", "scorer_core.gate.decision"),
        ("from .. import gate", "scorer_core.gate"),
        ("from ..ledger.ledger import Ledger", "scorer_core.ledger.ledger.Ledger"),
        ("import scorer_core.settings", "scorer_core.settings"),
        ("from scorer_core.poolside import x", "scorer_core.poolside.x"),
        ("import numpy_financial", "numpy_financial"),
    ],
)
def test_an_import_beyond_the_wall_is_named_in_full(text: str, name: str) -> None:
    assert outside(core(text), SHIPPED) == [f"scorer_core/pool/planted.py:1 imports {name}"]


def test_a_circle_of_rooms_is_seen() -> None:
    run = Source("scorer_core/run/planted.py", "def late():\n    from scorer_core.ledger.ledger import Ledger")
    ledger = Source("scorer_core/ledger/planted.py", "from scorer_core.run import folder, store\nimport numpy")
    alone = Source("scorer_core/pool/planted.py", "from scorer_core import errors")

    assert rooms([run, ledger, alone]) == {"run": {"ledger"}, "ledger": {"run"}, "pool": {"errors"}}
    assert circle(rooms([run, ledger, alone])) == ["ledger", "run"]
    assert circle(rooms([ledger, alone])) == []


@pytest.mark.parametrize("path", ["scorer_core/scoring/__init__.py", "scorer_core/scoring/planted.py"])
def test_relative_imports_start_from_the_right_package(path: str) -> None:
    text = "from .masks import Mask\nfrom ..pool import split\nfrom . import space"
    names = [found.name for found in imports(core(text, path))]

    assert names == ["scorer_core.scoring.masks.Mask", "scorer_core.pool.split", "scorer_core.scoring.space"]


def test_the_standard_library_numpy_and_shipped_modules_pass() -> None:
    text = (
        "import os.path\nimport numpy as np\nfrom numpy.typing import NDArray\nfrom scorer_core.errors import PoolError"
    )

    assert outside(core(text), SHIPPED) == []
    assert inside(core(text), (*AIRFLOW_AND_SSH, *HEAD_ONLY)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def helper():\n    pass", "defines helper"),
        ("@task\ndef work():\n    pass", "defines work"),
        ("@dag()\ndef wiring():\n    def inner():\n        pass", "defines inner"),
        ("async def helper():\n    pass", "defines helper"),
        ("class Operator:\n    pass", "has ClassDef"),
        ("for node in nodes:\n    pass", "has For"),
        ("tasks = [make(node) for node in nodes]", "has comprehension"),
        ("while True:\n    pass", "has While"),
        ("if ready:\n    pass", "has If"),
        ("x = 1 if ready else 2", "has IfExp"),
        ("pick = lambda x: x", "has Lambda"),
        ("try:\n    pass\nexcept OSError:\n    pass", "has Try"),
        ("match x:\n    case 1:\n        pass", "has Match"),
    ],
)
def test_logic_in_a_dag_file_is_seen(text: str, found: str) -> None:
    breaches = logic(Source("dags/planted.py", text))

    assert len(breaches) == 1
    assert breaches[0].endswith(found)


def test_wiring_in_a_dag_file_passes() -> None:
    text = (
        "from airflow.sdk import dag, task_group\n"
        "@dag(schedule=None)\ndef scorer():\n"
        "    @task_group\n    def rigs():\n        a >> b\n"
        "    with group:\n        rigs() >> lane.expand(slot=slots.output)\n"
        "scorer()\n"
    )

    assert logic(Source("dags/planted.py", text)) == []


def test_a_long_file_and_a_long_function_are_seen() -> None:
    text = "def long():\n" + "    pass\n" * 60 + "\n\n@cached\ndef short():\n" + "    pass\n" * 59

    assert too_long(Source("sim/planted.py", text), 124, 60) == ["sim/planted.py:1 long has 61 lines, 60 are allowed"]
    assert too_long(Source("sim/planted.py", text), 123) == ["sim/planted.py has 124 lines, 123 are allowed"]

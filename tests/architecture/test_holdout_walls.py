"""Nothing that searches can name the holdout: who reads its file, and who can split a pool, is listed here."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.walls import CODE, Source, imports, sources

SPLITTER = "scorer_core.pool.split.split_pool"
NAMES_THE_FILE = "scorer_core.run.folder"
WRITES_IT = "scorer_core.steps.prepare_run"
READS_IT = "scorer_core.steps.quality_gate"
COMPARES_POLICIES = "scorer_core.evidence.policies.compare"
BEFORE_THE_GATE = (
    "scorer_core.steps.clean_artifacts",
    "scorer_core.steps.deploy_worker",
    "scorer_core.steps.gpu_slots",
    "scorer_core.steps.trial_lane",
    "scorer_core.steps.collect",
    "scorer_core.rig.main",
    "scorer_core.search.one_lane",
    "scorer_core.search.in_process",
)
"""Where the work between prepare_run and quality_gate starts, on the head, on a rig and in one process."""

CORE = {source.module: source for source in sources("scorer_core")}


def touches_file(source: Source) -> bool:
    """Say whether a source names the holdout's file: as a property, as text, or for getattr."""
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Attribute) and node.attr == "holdout_pool":
            return True
        if isinstance(node, ast.FunctionDef) and node.name == "holdout_pool":
            return True
        if isinstance(node, ast.Constant) and node.value in ("holdout.npz", "holdout_pool"):
            return True
    return False


def splits(source: Source) -> bool:
    """Say whether a source imports the function that yields holdout rows, by itself or with its module."""
    module = SPLITTER.rpartition(".")[0]
    return any(found.name in (SPLITTER, module, f"{module}.*") for found in imports(source))


def reached_from(roots: tuple[str, ...]) -> set[str]:
    """Return the modules of the core that some modules import, directly or through others, themselves included."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        for one in imports(CORE[module]):
            waiting += [name for name in (one.name, one.name.rpartition(".")[0]) if name in CORE]
    return found


def test_one_step_writes_the_holdout_and_one_reads_it() -> None:
    touching = {source.module for source in sources(*CODE) if touches_file(source)}

    assert touching == {NAMES_THE_FILE, WRITES_IT, READS_IT}


def test_a_run_splits_its_pool_in_one_place() -> None:
    """The comparison of policies is no run: it splits a pool of its own, and publishes nothing."""
    splitting = {source.module for source in sources("scorer_core", "plugins", "dags") if splits(source)}

    assert splitting == {WRITES_IT, COMPARES_POLICIES}


def test_nothing_between_prepare_run_and_the_gate_reaches_who_reads_or_splits() -> None:
    reached = reached_from(BEFORE_THE_GATE)

    assert {"scorer_core.search.lane", "scorer_core.search.sampler", "scorer_core.scoring.scorer"} <= reached
    assert {module for module in reached if touches_file(CORE[module])} <= {NAMES_THE_FILE}
    assert {module for module in reached if splits(CORE[module])} == set()
    assert reached.isdisjoint({WRITES_IT, READS_IT})


@pytest.mark.parametrize(
    "text",
    [
        "rows = context.files.holdout_pool.read_pool()",
        "def search():\n    return files.holdout_pool.read_bytes()",
        "getattr(files, 'holdout_pool')",
        "open(folder / 'holdout.npz')",
        "RunFile(store, 'holdout.npz').read_bytes()",
    ],
)
def test_a_look_at_the_holdouts_file_is_seen(text: str) -> None:
    assert touches_file(Source("scorer_core/search/planted.py", text))


@pytest.mark.parametrize(
    "text",
    [
        "from scorer_core.pool.split import split_pool",
        "from scorer_core.pool import split",
        "import scorer_core.pool.split as parts",
        "from ..pool.split import split_pool as divide",
        "from scorer_core.pool.split import *",
    ],
)
def test_an_import_of_the_splitter_is_seen(text: str) -> None:
    assert splits(Source("scorer_core/search/planted.py", text))


def test_the_search_side_alone_passes() -> None:
    text = "from scorer_core.pool.split import SPLIT_NAME, in_search\nrows = files.search_pool.read_pool()"
    source = Source("scorer_core/search/planted.py", text)

    assert not touches_file(source)
    assert not splits(source)

"""A new member of an enum, added alone, fails the type check at each place that tells its members apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

from tests.architecture.walls import ROOT

ADDED = "ADDED_ALONE"
DEFINITION = "scorer_core/errors.py"
ENUMS = {
    "GpuVendor": "scorer_core/rig/gpus.py",
    "MaskPolicy": "scorer_core/scoring/policies.py",
    "SearchEngine": "scorer_core/engines.py",
    "Verdict": "scorer_core/gate/verdict.py",
    "TicketState": "scorer_core/run/trials.py",
    "FailureKind": "scorer_core/run/trials.py",
    "PoolKind": "sim/pools/__init__.py",
}
PLACES = {
    "GpuVendor": ["scorer_core/rig/gpus.py"],
    "MaskPolicy": ["scorer_core/scoring/policies.py"],
    "SearchEngine": ["scorer_core/engines.py", "scorer_core/search/sampler.py"],
    "Verdict": ["scorer_core/gate/verdict.py"],
    "TicketState": ["scorer_core/run/trials.py", "scorer_core/search/sampler.py"],
    "FailureKind": ["scorer_core/run/trials.py"],
    "PoolKind": ["sim/demo/outcome.py", "sim/pools/__init__.py"],
}
SETTINGS = """[mypy]
mypy_path = {root}
explicit_package_bases = true
follow_imports = skip
[mypy-scorer_core.*,sim.*]
follow_imports = silent
"""
ERROR = re.compile(rf'(?P<place>\S+?):\d+: error: Argument 1 to "assert_never".*Literal\[(?P<enum>\w+)\.{ADDED}\]')


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Add a member to every enum at once; return where mypy then sees one left over, by the enum's name."""
    folder = tmp_path_factory.mktemp("members")
    (folder / "mypy.ini").write_text(SETTINGS.format(root=ROOT), encoding="utf-8")
    options = ["--config-file", str(folder / "mypy.ini"), "--cache-dir", str(folder / "cache"), "--no-error-summary"]
    for number, file in enumerate(sorted(set(ENUMS.values()))):
        shadow = folder / f"{number}.py"
        shadow.write_text(extended((ROOT / file).read_text(encoding="utf-8")), encoding="utf-8")
        options += ["--shadow-file", str(ROOT / file), str(shadow)]
    where: dict[str, set[str]] = {enum: set() for enum in ENUMS}
    for line in checked([*options, *(str(ROOT / file) for file in asking())]):
        error = ERROR.match(line)
        assert error, line
        where[error["enum"]].add(Path(error["place"]).resolve().relative_to(ROOT).as_posix())
    return {enum: sorted(places) for enum, places in where.items()}


@pytest.mark.slow
@pytest.mark.parametrize("enum", ENUMS)
def test_a_member_that_is_added_alone_fails_the_type_check_wherever_it_must_be_known(
    found: dict[str, list[str]], enum: str
) -> None:
    assert found[enum] == PLACES[enum]


def test_every_enum_that_is_told_apart_is_asked_for_here() -> None:
    asked = {file for places in PLACES.values() for file in places}

    assert {file for file in asking() if "assert_never(" in (ROOT / file).read_text(encoding="utf-8")} == asked


def asking() -> list[str]:
    """Return the files of ours that define one of the enums or tell members apart."""
    told = {
        path.relative_to(ROOT).as_posix()
        for folder in ("scorer_core", "plugins", "sim")
        for path in (ROOT / folder).rglob("*.py")
        if "assert_never(" in path.read_text(encoding="utf-8")
    }
    return sorted((told - {DEFINITION}) | set(ENUMS.values()))


def extended(text: str) -> str:
    """Return a file's text with a new member, the first one, in each of our enums that it defines."""
    for enum in ENUMS:
        head = rf'(class {enum}\((?:str, Enum|StrEnum)\):\n    """.*?"""\n)'
        text = re.sub(head, rf'\1\n    {ADDED} = "added alone"\n', text, flags=re.DOTALL)
    return text


def checked(options: list[str]) -> list[str]:
    """Return the errors that mypy finds."""
    said, broken, _ = api.run(options)
    assert broken == "", broken
    return [line for line in said.splitlines() if ": error: " in line]

"""A new member of an enum, added alone, fails the type check at each table that has to know it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

from tests.architecture.walls import ROOT

TABLES = [("scorer_core/rig/gpus.py", "GpuVendor", 'INTEL = "intel"')]


@pytest.mark.parametrize(("file", "enum", "member"), TABLES, ids=[enum for _, enum, _ in TABLES])
def test_a_member_that_no_table_knows_does_not_pass_the_type_check(
    tmp_path: Path, file: str, enum: str, member: str
) -> None:
    whole = (ROOT / file).read_text(encoding="utf-8")
    extended = re.sub(rf'(class {enum}\(str, Enum\):\n    """.*?"""\n)', rf"\1\n    {member}", whole, flags=re.DOTALL)
    assert extended != whole

    assert checked(tmp_path, file, whole) == []
    errors = checked(tmp_path, file, extended)

    assert errors
    assert all("assert_never" in error for error in errors), errors


def checked(folder: Path, file: str, text: str) -> list[str]:
    """Return what mypy says of one file of ours with another text in it."""
    shadow = folder / "shadow.py"
    shadow.write_text(text, encoding="utf-8")
    options = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(folder / "cache")]
    silent = ["--follow-imports=silent", "--no-error-summary", "--shadow-file", str(ROOT / file), str(shadow)]
    said, broken, _ = api.run([*options, *silent, str(ROOT / file)])
    assert broken == "", broken
    return said.splitlines()

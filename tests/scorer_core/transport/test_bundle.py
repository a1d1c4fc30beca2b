"""worker.pyz: the same bytes for the same sources, only what belongs on a rig, and it runs alone."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scorer_core.transport.bundle import Bundle, build, shipped_files
from tests.scorer_core.rig.workers import ROOT


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The worker."""
    return build()


def test_the_same_sources_give_the_same_bytes(bundle: Bundle) -> None:
    assert build() == bundle
    assert bundle.sha256 == hashlib.sha256(bundle.content).hexdigest()


def test_the_bytes_depend_on_no_process_place_zone_or_file_times(bundle: Bundle, tmp_path: Path) -> None:
    text = "import os; os.umask(0o077)\nfrom scorer_core.transport.bundle import build; print(build().sha256)"
    for source in shipped_files():
        copy = tmp_path / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
        os.utime(copy, (0, 0))
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}

    done = subprocess.run([sys.executable, "-c", text], env=environ, cwd=tmp_path, capture_output=True, check=True)

    assert done.stdout.decode().strip() == bundle.sha256


def test_entries_are_sorted_and_carry_no_date_or_mode_of_this_machine(bundle: Bundle) -> None:
    entries = zipfile.ZipFile(io.BytesIO(bundle.content)).infolist()
    names = [entry.filename for entry in entries]

    assert names == ["__main__.py", *sorted(names[1:])]
    assert {(e.date_time, e.external_attr, e.compress_type) for e in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o644 << 16, zipfile.ZIP_STORED)
    }


def test_only_what_belongs_on_a_rig_is_in_it(bundle: Bundle) -> None:
    names = set(zipfile.ZipFile(io.BytesIO(bundle.content)).namelist())
    packages = {name.split("/")[1] for name in names if name.count("/") >= 2}

    assert packages == {"pool", "scoring", "rig"}
    assert {name for name in names if name.count("/") < 2} == {
        "__main__.py",
        "scorer_core/__init__.py",
        "scorer_core/atomic.py",
        "scorer_core/errors.py",
        "scorer_core/text.py",
    }
    assert all(name.endswith(".py") for name in names)
    assert {"scorer_core/rig/worker.py", "scorer_core/scoring/masks.py", "scorer_core/pool/survivors.py"} <= names


def test_each_file_is_the_installed_one(bundle: Bundle) -> None:
    archive = zipfile.ZipFile(io.BytesIO(bundle.content))

    for path in shipped_files():
        assert archive.read(path.relative_to(ROOT).as_posix()) == path.read_bytes()


def test_it_runs_where_nothing_of_ours_is_installed(bundle: Bundle, tmp_path: Path) -> None:
    program = tmp_path / "worker.pyz"
    program.write_bytes(bundle.content)
    environ = {"PATH": os.environ["PATH"], "SCORER_RIG_GPUS": "amd:8"}
    command = [sys.executable, "-I", str(program), "probe", "--vendor", "amd"]

    done = subprocess.run(command, env=environ, cwd="/", capture_output=True, check=True)

    assert json.loads(done.stdout)["gpus"] == 8

"""The contract of a store of run files, held by the local folder and by the tests' own in memory."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from scorer_core.errors import SettingsError
from scorer_core.run.store import LocalStore, open_store
from scorer_core.testing.stores import RunStoreContract
from tests.support.memory_store import memory_store

__all__ = ["memory_store"]


class TestLocalStore(RunStoreContract):
    @pytest.fixture
    def location(self, tmp_path: Path) -> str:
        return str(tmp_path / "scorer" / "runs")


class TestMemoryStore(RunStoreContract):
    @pytest.fixture
    def location(self, memory_store: str) -> str:
        return f"{memory_store}://lab/runs"


def test_a_location_without_a_scheme_is_a_folder_that_is_private_with_its_files(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "runs"))

    store.write("file", b"content")

    assert isinstance(store, LocalStore)
    assert stat.S_IMODE((tmp_path / "runs").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "runs" / "file").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["file"], "no temporary file is left"


def test_a_scheme_that_nobody_installed_is_refused_with_the_next_step() -> None:
    with pytest.raises(SettingsError, match="no store for tape:// is installed; known schemes are: .*[^ ]\\. Install"):
        open_store("tape://reel/runs")


def test_what_a_link_leads_to_is_not_removed_with_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "link").symlink_to(outside)

    LocalStore(tmp_path / "runs").remove("link")

    assert outside.is_dir()
    assert not (tmp_path / "runs" / "link").is_symlink()

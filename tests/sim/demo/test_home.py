"""Demos share nothing: neither two at once, nor one with what an earlier one left."""

from __future__ import annotations

from pathlib import Path

from sim.demo.home import KEEP_HOMES, demo_home


def old_home(base: Path, name: str) -> Path:
    home = base / name
    home.mkdir(parents=True)
    (home / ".lock").touch()
    (home / "published").write_text("old")
    return home


def test_two_demos_at_once_have_folders_of_their_own(tmp_path: Path) -> None:
    with demo_home(tmp_path) as first:
        (first / "runs").mkdir()
        with demo_home(tmp_path) as second:
            assert first != second
            assert [path.name for path in second.iterdir()] == [".lock"]
        assert (first / "runs").is_dir()


def test_only_the_last_homes_of_demos_that_ended_are_kept(tmp_path: Path) -> None:
    homes = [old_home(tmp_path, f"2026010{day}T000000-1") for day in range(1, KEEP_HOMES + 3)]

    with demo_home(tmp_path):
        assert [home.exists() for home in homes] == [False, False] + [True] * KEEP_HOMES


def test_the_home_of_a_demo_that_lives_is_never_removed(tmp_path: Path) -> None:
    with demo_home(tmp_path) as living:
        for day in range(1, KEEP_HOMES + 3):
            old_home(tmp_path, f"9999010{day}T000000-1")

        with demo_home(tmp_path):
            assert living.is_dir()

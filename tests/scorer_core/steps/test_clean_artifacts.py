"""Given what earlier runs left, on nodes and head: old things go, what is needed stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import RigUnfit
from scorer_core.settings import Settings
from scorer_core.steps.clean_artifacts import clean_head, clean_node, held_by_live_runs
from tests.scorer_core.steps.installation import make_run
from tests.support.prepared import make_node, make_settings

DAY = 86400.0
KEEP_DAYS = 10.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Keep two runs at least, and ten days."""
    return make_settings(tmp_path / "home", keep_runs=2, keep_days=KEEP_DAYS)


@pytest.fixture
def context(settings: Settings) -> RunContext:
    return make_run(settings, "now")


def make_old(path: Path, days: float, folder: bool = True) -> Path:
    """Make a file, or a folder with a file in it, so many days old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if folder:
        path.mkdir()
        (path / "gpu0.jsonl").write_text("{}\n")
    else:
        path.write_text("x")
    age(path, days)
    return path


def age(path: Path, days: float) -> None:
    moment = time.time() - days * DAY
    for each in [*path.rglob("*"), path]:
        os.utime(each, (moment, moment), follow_symlinks=False)


def clean_rig(context: RunContext) -> dict[str, list[str]]:
    return clean_node(context, "rig-a")


def rig_root(context: RunContext) -> Path:
    return Path(context.inventory().node("rig-a").root)


def test_on_a_node_old_runs_go_and_the_newest_stay(context: RunContext) -> None:
    runs = rig_root(context) / "runs"
    for name, days in {"a": 40, "b": 30, "c": 20, "d": 15}.items():
        make_old(runs / name, days)

    assert sorted(clean_rig(context)["runs"]) == ["a", "b"]
    assert sorted(path.name for path in runs.iterdir()) == ["c", "d"], "keep_runs holds although both are old"


def test_young_runs_stay_however_many_they_are(context: RunContext) -> None:
    runs = rig_root(context) / "runs"
    for place in range(5):
        make_old(runs / f"run-{place}", KEEP_DAYS - 1)

    assert clean_rig(context)["runs"] == []


def test_a_run_whose_journal_is_young_is_young(context: RunContext) -> None:
    runs = rig_root(context) / "runs"
    for name in ("a", "b", "c"):
        make_old(runs / name, 40)
    (runs / "a" / "gpu1.jsonl").write_text("{}\n")
    age(runs / "a" / "gpu0.jsonl", 40)
    os.utime(runs / "a", (time.time() - 40 * DAY,) * 2)

    clean_rig(context)
    assert (runs / "a").exists()


def test_runs_in_progress_stay_whatever_their_age(context: RunContext) -> None:
    other = make_run(context.settings, "another:run", seed=2)
    runs = rig_root(context) / "runs"
    for name in ("now", Path(other.files.location).name, "old-1", "old-2", "old-3", "old-4"):
        make_old(runs / name, 50)

    clean_rig(context)
    left = {path.name for path in runs.iterdir()}
    assert {"now", Path(other.files.location).name} <= left
    assert len(left) <= 4


def test_a_run_that_ended_is_no_longer_in_progress(context: RunContext) -> None:
    make_run(context.settings, "before", seed=2)
    assert {"now", "before"} <= held_by_live_runs(context)

    context.ledger.end_run("before")
    assert "before" not in held_by_live_runs(context)
    context.ledger.end_run("now")
    assert "now" in held_by_live_runs(context), "the run that cleans is in progress"


def test_staging_goes_after_an_hour_and_pools_and_workers_with_age(context: RunContext) -> None:
    root = rig_root(context)
    make_old(root / "incoming" / "stuck", 0.05, folder=False)
    make_old(root / "incoming" / "under-way", 0.01, folder=False)
    make_old(root / "pools" / "old.npz", 11, folder=False)
    make_old(root / "pools" / "young.npz", 9, folder=False)
    make_old(root / "workers" / "old", 11)
    make_old(root / "workers" / "young", 9)

    removed = clean_rig(context)
    assert (removed["incoming"], removed["pools"], removed["workers"]) == (["stuck"], ["old.npz"], ["old"])
    assert {path.name for path in root.glob("*/*")} == {"under-way", "young.npz", "young"}


def test_what_a_run_in_progress_holds_stays_whatever_its_age(context: RunContext) -> None:
    root, run = rig_root(context), context.record
    kept = [
        make_old(root / "pools" / f"{run.pool_sha256}.npz", 400, folder=False),
        make_old(root / "workers" / run.worker_sha256, 400),
    ]
    gone = make_old(root / "workers" / ("0" * 64), 400)

    clean_rig(context)
    assert all(path.exists() for path in kept)
    assert not gone.exists()


def test_nothing_else_below_or_beside_the_root_is_touched(context: RunContext) -> None:
    root = rig_root(context)
    kept = [
        make_old(root / "locks" / "gpu0.lock", 400, folder=False),
        make_old(root / "mine" / "precious", 400),
        make_old(root.parent / "other" / "runs" / "x", 400),
    ]

    clean_rig(context)
    assert all(path.exists() for path in kept)


def test_a_link_is_removed_and_not_followed(context: RunContext, tmp_path: Path) -> None:
    outside = make_old(tmp_path / "outside", 400)
    root = rig_root(context)
    for folder in ("incoming", "pools", "workers", "runs"):
        (root / folder).mkdir(parents=True)
        (root / folder / "link").symlink_to(outside)
        age(root / folder / "link", 400)
    nested = make_old(root / "workers" / "with-a-link-in-it", 400)
    (nested / "link").symlink_to(outside)
    age(nested, 400)
    for place in range(2):  # newer than the link, so that the retention does not keep it
        make_old(root / "runs" / f"newer-{place}", 20)

    removed = clean_rig(context)
    assert all("link" in removed[folder] for folder in ("incoming", "pools", "workers", "runs"))
    assert not nested.exists()
    assert (outside / "gpu0.jsonl").read_text() == "{}\n"


def test_a_new_node_is_cleaned_without_complaint(context: RunContext) -> None:
    assert clean_rig(context) == {"incoming": [], "runs": [], "pools": [], "workers": [], "tables": []}
    assert rig_root(context).stat().st_mode & 0o777 == 0o700


def test_a_node_whose_python_is_missing_is_unfit(tmp_path: Path) -> None:
    home = tmp_path / "home"
    context = make_run(make_settings(home, make_node(home, "rig-a", python="/no/python")))

    with pytest.raises(RigUnfit, match="rig-a: cleaning failed with exit code 127: .*not found"):
        clean_rig(context)


def test_on_the_head_old_run_folders_go_and_the_published_config_is_never_touched(context: RunContext) -> None:
    settings = context.settings
    published = make_old(settings.publish_dir / "optimal_scorer_config.json", 400, folder=False)
    archived = make_old(settings.publish_dir / "archive" / "000001.json", 400, folder=False)
    pool = make_old(settings.data_dir / "old.npz", 400, folder=False)
    for name, days in {"a": 40, "b": 30, "c": 20}.items():
        make_old(Path(settings.runs_dir) / name, days)
    age(Path(context.files.location), 50)

    assert clean_head(context) == ["a"]  # of four, `now` is the oldest but in progress, `b` and `c` are the newest two
    assert sorted(path.name for path in Path(settings.runs_dir).iterdir()) == ["b", "c", "now"]
    assert all(path.exists() for path in (published, archived, pool))


def test_on_the_head_links_are_not_followed_either(context: RunContext, tmp_path: Path) -> None:
    outside = make_old(tmp_path / "outside", 400)
    (Path(context.settings.runs_dir) / "link").symlink_to(outside)
    age(Path(context.settings.runs_dir) / "link", 400)
    make_old(Path(context.settings.runs_dir) / "newer", 20)

    assert clean_head(context) == ["link"]
    assert (outside / "gpu0.jsonl").exists()

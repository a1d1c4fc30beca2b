"""The published config is only ever whole: the old one or the new one, by one publisher at a time."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scorer_core.errors import PublishError
from scorer_core.publish.publisher import CONFIG_NAME, Publisher, fingerprint_of

REPOSITORY = Path(__file__).parents[3]
FIRST, SECOND, THIRD = (json.dumps({"config": name, "padding": "x" * 5000}).encode() for name in "ABC")

HOLD_THE_LOCK = """
import sys
from pathlib import Path
from scorer_core.publish.publisher import Publisher
with Publisher(Path(sys.argv[1]))._alone():
    print("held", flush=True)
    sys.stdin.read()
"""
WITH_LITTLE_SPACE = """
import resource, sys
from pathlib import Path
from scorer_core.errors import PublishError
from scorer_core.publish.publisher import Publisher
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    Publisher(Path(sys.argv[1])).publish(b"y" * 5000)
except PublishError as error:
    print(error)
"""
WITHOUT_PERMISSION = """
import os, sys
from pathlib import Path
from scorer_core.errors import PublishError
from scorer_core.publish.publisher import Publisher
if os.geteuid() == 0:
    os.setgroups([])
    os.setuid(65534)
try:
    Publisher(Path(sys.argv[1])).publish(b"new")
except PublishError as error:
    print(error)
"""


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path / "published")


def archived(publisher: Publisher) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(publisher.archive.iterdir())}


def python(script: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", script, *map(str, arguments)]


def test_the_first_publish_makes_the_folder_and_archives_nothing(publisher: Publisher) -> None:
    assert publisher.publish(FIRST) is None

    assert publisher.config.name == CONFIG_NAME
    assert publisher.config.read_bytes() == FIRST
    assert archived(publisher) == {}


def test_a_published_config_is_private_to_its_owner(publisher: Publisher) -> None:
    publisher.publish(FIRST)
    publisher.publish(SECOND)

    assert stat.S_IMODE(publisher.config.stat().st_mode) == 0o600
    assert stat.S_IMODE((publisher.archive / "000001.json").stat().st_mode) == 0o600


def test_a_second_publish_archives_the_first_byte_for_byte(publisher: Publisher) -> None:
    publisher.publish(FIRST)

    assert publisher.publish(SECOND) == publisher.archive / "000001.json"

    assert publisher.config.read_bytes() == SECOND
    assert archived(publisher) == {"000001.json": FIRST}


def test_publishing_the_same_bytes_again_changes_nothing_and_names_the_same_archive(publisher: Publisher) -> None:
    publisher.publish(FIRST)
    first_time = publisher.publish(SECOND)
    before = publisher.config.stat()

    assert publisher.publish(SECOND) == first_time

    assert (publisher.config.stat().st_ino, publisher.config.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert archived(publisher) == {"000001.json": FIRST}


def test_rollback_goes_back_one_config_at_a_time_byte_for_byte(publisher: Publisher) -> None:
    for content in (FIRST, SECOND, THIRD):
        publisher.publish(content)

    assert publisher.rollback().name == "000002.json"
    assert publisher.config.read_bytes() == SECOND
    assert publisher.rollback().name == "000001.json"
    assert publisher.config.read_bytes() == FIRST

    assert archived(publisher) == {"000001.withdrawn": SECOND, "000002.withdrawn": THIRD}


def test_with_nothing_archived_rollback_is_refused_and_the_config_stands(publisher: Publisher) -> None:
    publisher.publish(FIRST)

    with pytest.raises(PublishError, match="nothing is archived, so there is nothing to go back to"):
        publisher.rollback()

    assert publisher.config.read_bytes() == FIRST


def test_rollback_brings_back_a_config_that_was_removed_by_hand(publisher: Publisher) -> None:
    publisher.publish(FIRST)
    publisher.publish(SECOND)
    publisher.config.unlink()

    publisher.rollback()

    assert publisher.config.read_bytes() == FIRST


def test_a_withdrawn_config_is_never_written_over(publisher: Publisher) -> None:
    publisher.publish(FIRST)
    for content in (SECOND, THIRD):
        publisher.publish(content)
        publisher.rollback()

    assert archived(publisher) == {"000001.withdrawn": SECOND, "000002.withdrawn": THIRD}
    assert publisher.config.read_bytes() == FIRST


def test_a_file_of_another_name_in_the_archive_is_left_alone(publisher: Publisher) -> None:
    publisher.publish(FIRST)
    (publisher.archive / "notes.json").write_text("mine")

    assert publisher.publish(SECOND) == publisher.archive / "000001.json"
    publisher.rollback()

    assert publisher.config.read_bytes() == FIRST
    assert (publisher.archive / "notes.json").read_text() == "mine"


def test_the_archive_is_numbered_on_beyond_six_digits(publisher: Publisher) -> None:
    publisher.publish(FIRST)
    (publisher.archive / "999999.json").write_bytes(THIRD)

    publisher.publish(SECOND)
    publisher.rollback()

    assert publisher.config.read_bytes() == FIRST


def test_while_another_process_publishes_neither_publish_nor_rollback_begins(publisher: Publisher) -> None:
    publisher.publish(FIRST)
    publisher.publish(SECOND)
    command = python(HOLD_THE_LOCK, publisher.folder)
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"

        with pytest.raises(PublishError, match="another publisher is at work. Try again"):
            publisher.publish(THIRD)
        with pytest.raises(PublishError, match="another publisher is at work. Try again"):
            publisher.rollback()
        assert publisher.config.read_bytes() == SECOND

        other.communicate(b"")
    publisher.publish(THIRD)
    assert publisher.config.read_bytes() == THIRD


def test_a_publisher_that_was_killed_leaves_no_lock_behind(publisher: Publisher) -> None:
    command = python(HOLD_THE_LOCK, publisher.folder)
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        other.kill()
        other.wait()

    assert publisher.publish(FIRST) is None


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(PublishError, match="file/published: cannot be written.*The old config stands"):
        Publisher(tmp_path / "file" / "published").publish(FIRST)


def test_a_folder_without_write_permission_is_named(publisher: Publisher) -> None:
    publisher.folder.mkdir(mode=0o500)

    command = python(WITHOUT_PERMISSION, publisher.folder)
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)

    assert f"{publisher.folder}: cannot be written (Permission denied). The old config stands." in done.stdout
    assert not publisher.config.exists()


def test_a_disk_without_space_leaves_the_old_config_and_no_litter(publisher: Publisher) -> None:
    publisher.publish(b"old")

    command = python(WITH_LITTLE_SPACE, publisher.folder)
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)

    assert "cannot be written (File too large). The old config stands." in done.stdout
    assert publisher.config.read_bytes() == b"old"
    assert not list(publisher.folder.rglob("*.tmp"))


def test_without_a_published_config_there_is_no_champion(publisher: Publisher) -> None:
    assert publisher.published() is None


def test_the_champion_is_what_was_published(publisher: Publisher) -> None:
    publisher.publish(FIRST)

    assert publisher.published() == json.loads(FIRST)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"cut', "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"[1, 2]", "is no JSON object"),
    ],
)
def test_a_published_config_that_is_damaged_is_no_champion(publisher: Publisher, content: bytes, message: str) -> None:
    publisher.publish(content)

    with pytest.raises(PublishError, match=f"{CONFIG_NAME}: the published config {message}.*scorer rollback"):
        publisher.published()


def test_a_published_config_that_is_a_folder_is_no_champion(publisher: Publisher) -> None:
    publisher.config.mkdir(parents=True)

    with pytest.raises(PublishError, match="cannot be read"):
        publisher.published()
    with pytest.raises(PublishError, match="cannot be written"):
        publisher.publish(FIRST)


def test_a_link_in_the_configs_place_stays_and_its_target_is_replaced(publisher: Publisher, tmp_path: Path) -> None:
    publisher.folder.mkdir()
    target = tmp_path / "elsewhere" / "config.json"
    target.parent.mkdir()
    target.write_bytes(FIRST)
    publisher.config.symlink_to(target)

    publisher.publish(SECOND)

    assert publisher.config.readlink() == target
    assert target.read_bytes() == SECOND
    publisher.rollback()
    assert publisher.config.readlink() == target
    assert target.read_bytes() == FIRST
    assert archived(publisher) == {"000001.withdrawn": SECOND}


def test_the_folder_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "published").symlink_to("real")

    Publisher(tmp_path / "published").publish(FIRST)

    assert (tmp_path / "published").is_symlink()
    assert (tmp_path / "real" / CONFIG_NAME).read_bytes() == FIRST


def test_a_link_that_leads_nowhere_is_named(publisher: Publisher) -> None:
    publisher.folder.mkdir()
    publisher.config.symlink_to(publisher.config.name)

    with pytest.raises(PublishError, match=r"cannot be written \(Too many levels of symbolic links\)"):
        publisher.publish(FIRST)

    assert publisher.config.is_symlink()


def test_a_config_that_was_published_meanwhile_is_not_replaced(publisher: Publisher) -> None:
    """A late approval, or an old run published again, must not undo what came after its gate."""
    publisher.publish(FIRST)
    compared_with = fingerprint_of(publisher.config.read_bytes()) if publisher.config.exists() else None
    publisher.publish(SECOND)

    with pytest.raises(PublishError, match="not the one that this run was compared with"):
        publisher.publish(THIRD, replaces=compared_with)

    assert publisher.config.read_bytes() == SECOND
    assert list(archived(publisher)) == ["000001.json"]


def test_what_the_gate_compared_with_is_replaced(publisher: Publisher) -> None:
    publisher.publish(FIRST, replaces=None)
    publisher.publish(
        SECOND, replaces=fingerprint_of(publisher.config.read_bytes()) if publisher.config.exists() else None
    )

    assert publisher.config.read_bytes() == SECOND


def test_the_seeds_of_a_pool_are_kept_once_and_found_by_the_config(publisher: Publisher) -> None:
    seeds = np.array([9, 2, 2**63], np.uint64)
    config = {"_run_context": {"pool_content": "c" * 64}}

    publisher.keep_seeds("c" * 64, seeds)
    publisher.keep_seeds("c" * 64, seeds[:1])

    known = publisher.seeds_of(config)
    assert known is not None
    assert known.tolist() == [2, 9, 2**63]
    assert stat.S_IMODE((publisher.pools / f"{'c' * 64}.npz").stat().st_mode) == 0o600


@pytest.mark.parametrize("context", [None, 7, {}, {"pool_content": 7}, {"pool_content": "../x"}, {"pool_content": "d"}])
def test_seeds_that_are_not_kept_are_not_known(publisher: Publisher, context: object) -> None:
    assert publisher.seeds_of({"_run_context": context}) is None
    assert publisher.seeds_of({}) is None


def test_seeds_that_are_torn_are_not_known(publisher: Publisher) -> None:
    publisher.keep_seeds("c", np.array([1], np.uint64))
    (publisher.pools / "c.npz").write_bytes(b"PK torn")

    assert publisher.seeds_of({"_run_context": {"pool_content": "c"}}) is None


def test_what_is_rolled_back_is_told_before_it_is_replaced(publisher: Publisher) -> None:
    told: list[bytes] = []
    publisher.publish(FIRST)
    with pytest.raises(PublishError, match="nothing is archived"):
        publisher.rollback(told.append)
    publisher.publish(SECOND)

    publisher.rollback(lambda content: told.append(content + publisher.config.read_bytes()))

    assert told == [SECOND + SECOND]

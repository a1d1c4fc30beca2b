"""Files written whole or not at all: content, mode, and what is left when something goes wrong."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer_core.atomic import write_bytes

REPOSITORY = Path(__file__).parents[3]
WRITE_IN_TURN = """
import sys
from pathlib import Path
from scorer_core.atomic import write_bytes
letter = sys.argv[2].encode()
for _ in range(60):
    write_bytes(Path(sys.argv[1]), letter * 200_000)
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("atomic") / "file.bin"


@given(content=st.binary(max_size=20_000))
def test_what_is_written_is_read_back(target: Path, content: bytes) -> None:
    write_bytes(target, content)

    assert target.read_bytes() == content
    assert os.listdir(target.parent) == [target.name]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_file_is_private_whatever_the_umask_and_the_old_mode(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o666)
    before = os.umask(umask)
    try:
        write_bytes(path, b"new")
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_reader_with_the_old_file_open_goes_on_reading_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old content")
    with path.open("rb") as reader:
        write_bytes(path, b"new")

        assert reader.read() == b"old content"


def test_a_link_is_replaced_and_what_it_points_to_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"mine")
    (tmp_path / "file").symlink_to(tmp_path / "elsewhere")

    write_bytes(tmp_path / "file", b"new")

    assert (tmp_path / "elsewhere").read_bytes() == b"mine"
    assert not (tmp_path / "file").is_symlink()


def test_when_it_cannot_be_put_in_place_no_temporary_file_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()

    with pytest.raises(IsADirectoryError):
        write_bytes(tmp_path / "file", b"content")

    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_bytes(tmp_path / "missing" / "file", b"content")


def test_while_two_processes_write_a_reader_sees_whole_files_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"a" * 200_000)
    seen: set[bytes] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            content = path.read_bytes()
            seen.add(content[:1] if content == content[:1] * 200_000 else b"torn")

    reader = threading.Thread(target=read)
    reader.start()
    commands = [[sys.executable, "-c", WRITE_IN_TURN, str(path), letter] for letter in "bc"]
    writers = [subprocess.Popen(command, cwd=REPOSITORY) for command in commands]
    codes = [writer.wait(60) for writer in writers]
    stop.set()
    reader.join()

    assert codes == [0, 0]
    assert seen <= {b"a", b"b", b"c"}
    assert seen & {b"b", b"c"}
    assert os.listdir(tmp_path) == ["file"]

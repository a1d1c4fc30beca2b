"""Given a node, simulated or OpenSSH: what any client of ours relies on."""

from __future__ import annotations

import os
import random
import socket
import stat
import time
from pathlib import Path

import paramiko
import pytest

from tests.sim.rigs.client import Node, connect, open_exec, read_pids, run, vanish
from tests.support.processes import runs
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

ALL_BYTES = bytes(range(256))


def flood(channel: paramiko.Channel, n_bytes: int) -> None:
    for _ in range(n_bytes >> 15):
        channel.sendall(bytes(1 << 15))


def drain(channel: paramiko.Channel, n_bytes: int) -> int:
    received = 0
    while received < n_bytes:
        received += len(channel.recv(1 << 16))
    return received


def test_exit_status_stdout_and_stderr_arrive(client: paramiko.SSHClient) -> None:
    outcome = run(client, "echo out; echo err >&2; exit 37")
    assert (outcome.status, outcome.stdout, outcome.stderr) == (37, b"out\n", b"err\n")


def test_a_command_that_dies_of_a_signal_has_no_exit_status(client: paramiko.SSHClient) -> None:
    assert run(client, "kill -9 $$").status == -1


def test_a_command_that_does_not_exist_gives_127(client: paramiko.SSHClient) -> None:
    outcome = run(client, "no-such-program-here")
    assert outcome.status == 127
    assert b"not found" in outcome.stderr


def test_three_mebibytes_with_every_byte_value_come_back_unchanged(client: paramiko.SSHClient) -> None:
    payload = ALL_BYTES + random.Random(7).randbytes(3 << 20) + ALL_BYTES[::-1]
    outcome = run(client, "cat", payload)
    assert outcome.status == 0
    assert outcome.stdout == payload


def test_every_byte_value_comes_back_on_stderr(client: paramiko.SSHClient) -> None:
    assert run(client, "cat >&2", ALL_BYTES).stderr == ALL_BYTES


def test_stderr_after_the_end_of_stdout_is_not_lost(client: paramiko.SSHClient) -> None:
    outcome = run(client, "echo first; exec >&-; sleep 0.2; echo late >&2; exit 4")
    assert (outcome.status, outcome.stdout, outcome.stderr) == (4, b"first\n", b"late\n")


def test_the_end_of_stdin_reaches_the_command_and_its_answer_still_comes(client: paramiko.SSHClient) -> None:
    channel = open_exec(client, "wc -c")
    channel.sendall(b"12345")
    assert not channel.exit_status_ready()
    channel.shutdown_write()
    assert channel.makefile("rb").read().strip() == b"5"
    assert channel.recv_exit_status() == 0


def test_lines_are_answered_one_by_one_while_the_command_runs(client: paramiko.SSHClient) -> None:
    channel = open_exec(client, "while read line; do echo got $line; done")
    answers = channel.makefile("rb")
    for word in ("one", "two", "three"):
        channel.sendall(f"{word}\n".encode())
        assert answers.readline() == f"got {word}\n".encode()
    channel.shutdown_write()
    assert channel.recv_exit_status() == 0


def test_a_command_that_does_not_read_its_input_ends_all_the_same(client: paramiko.SSHClient) -> None:
    assert run(client, "exit 5", bytes(4 << 20)).status == 5


def test_a_client_that_does_not_read_holds_the_command_up(client: paramiko.SSHClient, tmp_path: Path) -> None:
    count = tmp_path / "count"
    block = 256 << 10
    channel = open_exec(
        client,
        f"i=0; while head -c {block} /dev/zero; do i=$((i+1)); echo $i > {count}.new; mv {count}.new {count}; done",
    )
    assert eventually(count.exists)
    seen = -1
    while seen != (seen := int(count.read_text())):
        assert seen * block < 64 << 20, "output is piled up somewhere"
        time.sleep(0.4)
    assert channel.recv(1000) == bytes(1000)
    assert eventually(lambda: drain(channel, 4 << 20) and int(count.read_text()) > seen), "it never went on"


def test_a_command_that_does_not_read_holds_the_client_up(client: paramiko.SSHClient) -> None:
    channel = open_exec(client, "sleep 4")
    channel.settimeout(0.5)
    with pytest.raises(TimeoutError):
        flood(channel, 16 << 20)


def test_the_gpu_override_is_visible_to_commands(node: Node, client: paramiko.SSHClient) -> None:
    entry = node.inventory_entry()["gpu"]
    wanted = f"{entry['vendor']}:{entry['count']} 1 1\n".encode()
    assert run(client, 'echo "$SCORER_RIG_GPUS $OMP_NUM_THREADS $OPENBLAS_NUM_THREADS"').stdout == wanted


def test_home_is_the_folder_of_the_node(node: Node, client: paramiko.SSHClient) -> None:
    assert run(client, 'echo "$HOME"').stdout.decode().strip() == str(node.home)


def test_the_python_of_the_inventory_runs_there(node: Node, client: paramiko.SSHClient) -> None:
    outcome = run(client, f"{node.inventory_entry()['python']} -c 'import numpy; print(6 * 7)'")
    assert (outcome.status, outcome.stdout) == (0, b"42\n")


def test_a_command_whose_client_is_cut_off_sees_the_end_of_its_stdin_and_lives_on(node: Node, tmp_path: Path) -> None:
    pid, after = tmp_path / "pid", tmp_path / "after"
    with connect(node) as client:
        channel = open_exec(client, f"trap '' PIPE HUP; echo $$ > {pid}; cat; sleep 0.2; echo lived on > {after}")
        (process,) = read_pids(pid, 1)
        time.sleep(0.3)
        assert not after.exists()
        assert not channel.closed
        vanish(client)
        assert eventually(after.exists)
        assert eventually(lambda: not runs(process))


def test_a_channel_closed_by_the_client_ends_the_commands_stdin(client: paramiko.SSHClient, tmp_path: Path) -> None:
    pid, after = tmp_path / "pid", tmp_path / "after"
    channel = open_exec(client, f"echo $$ > {pid}; cat; echo ended > {after}")
    read_pids(pid, 1)
    channel.close()
    assert eventually(after.exists)
    assert run(client, "echo still").stdout == b"still\n"


def test_sftp_puts_a_file_with_all_its_bytes(client: paramiko.SSHClient, tmp_path: Path) -> None:
    payload = ALL_BYTES * 8192
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(payload)
    with client.open_sftp() as sftp:
        assert sftp.put(str(source), str(target), confirm=True).st_size == len(payload)
        assert sftp.open(str(target), "rb").read() == payload
    assert target.read_bytes() == payload


def test_sftp_posix_rename_replaces_its_target_and_plain_rename_refuses_to(
    client: paramiko.SSHClient, tmp_path: Path
) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new")
    old.write_text("old")
    with client.open_sftp() as sftp:
        with pytest.raises(OSError, match="."):
            sftp.rename(str(new), str(old))
        assert old.read_text() == "old"
        sftp.posix_rename(str(new), str(old))
    assert old.read_text() == "new"
    assert not new.exists()


def test_sftp_makes_folders_lists_stats_and_changes_modes(client: paramiko.SSHClient, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with client.open_sftp() as sftp:
        sftp.mkdir(str(folder))
        with sftp.open(str(folder / "file"), "wb") as stream:
            stream.write(b"12345")
        sftp.chmod(str(folder / "file"), 0o750)
        facts = sftp.stat(str(folder / "file"))
        assert (facts.st_size, stat.S_IMODE(facts.st_mode or 0), facts.st_uid) == (5, 0o750, os.geteuid())
        assert sftp.listdir(str(folder)) == ["file"]
        sftp.remove(str(folder / "file"))
        sftp.rmdir(str(folder))
        with pytest.raises(FileNotFoundError):
            sftp.stat(str(folder))


def test_relative_sftp_paths_begin_in_the_home_of_the_node(node: Node, client: paramiko.SSHClient) -> None:
    with client.open_sftp() as sftp:
        assert sftp.normalize(".") == str(node.home)


def test_a_wrong_host_key_is_noticed_before_anything_is_sent(node: Node) -> None:
    zeros = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 42 + "A"
    with pytest.raises(paramiko.BadHostKeyException), connect(node, host_key=zeros):
        pytest.fail("connected to a host with another key")


def test_a_password_is_refused(node: Node) -> None:
    with pytest.raises(paramiko.AuthenticationException) as caught, connect(node, key_filename=None, password="secret"):
        pytest.fail("logged in with a password")
    assert getattr(caught.value, "allowed_types", ["publickey"]) == ["publickey"]


def test_a_port_that_nobody_serves_refuses(node: Node) -> None:
    with socket.socket() as taken:
        taken.bind((node.host, 0))
        with pytest.raises(OSError, match=r"[Uu]nable to connect|refused"):
            paramiko.SSHClient().connect(node.host, taken.getsockname()[1], timeout=5)

"""Given a node, however it is reached: what every step of ours relies on. One suite, three transports."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path, PurePosixPath

import pytest
import tenacity

from scorer_airflow.ssh import transport as ssh
from scorer_airflow.ssh.transport import SshTransport
from scorer_core.errors import RigLost, RigTimeout, RigUnfit, RigUnreachable
from scorer_core.transport import local
from scorer_core.transport.port import Channel, RigTransport
from tests.contract.conftest import Reached
from tests.support.processes import runs
from tests.support.waiting import eventually

MIB = 1 << 20
EVERY_BYTE = bytes(range(256))
BIG = EVERY_BYTE * (5 * MIB // 256)


def first_pid(channel: Channel) -> int:
    return int(channel.receive_line(10))


def test_exit_code_stdout_and_stderr_arrive_apart(transport: RigTransport) -> None:
    done = transport.run("echo out; echo err >&2; exit 37")

    assert (done.exit_code, done.stdout, done.stderr) == (37, b"out\n", b"err\n")


def test_a_command_that_does_not_exist_is_an_exit_code_and_no_error(transport: RigTransport) -> None:
    done = transport.run("no-such-program-here")

    assert done.exit_code == 127
    assert b"not found" in done.stderr


def test_a_command_that_is_killed_is_no_answer(transport: RigTransport) -> None:
    with pytest.raises(RigLost, match=transport.node.name):
        transport.run("kill -9 $$")


def test_every_byte_value_goes_in_and_comes_back_also_when_it_is_more_than_any_buffer(transport: RigTransport) -> None:
    assert transport.run("cat", stdin=BIG).stdout == BIG


def test_the_end_of_the_input_reaches_the_command(transport: RigTransport) -> None:
    assert transport.run("wc -c", timeout_s=10).stdout.strip() == b"0"


def test_a_command_that_does_not_read_its_input_still_gives_its_exit_code(transport: RigTransport) -> None:
    assert transport.run("exit 5", stdin=BIG).exit_code == 5


def test_a_flood_on_stderr_does_not_hang(transport: RigTransport) -> None:
    done = transport.run(f"head -c {5 * MIB} /dev/zero >&2; echo done", timeout_s=30)

    assert (done.stdout, len(done.stderr)) == (b"done\n", 5 * MIB)


def test_stderr_after_the_end_of_stdout_is_not_lost(transport: RigTransport) -> None:
    done = transport.run("echo first; exec >&-; sleep 0.2; echo late >&2; exit 4")

    assert (done.exit_code, done.stdout, done.stderr) == (4, b"first\n", b"late\n")


@pytest.mark.parametrize(
    "command",
    ["sleep 20", "exec >&- 2>&-; sleep 20", "while :; do echo more; sleep 0.05; done"],
    ids=["silent", "its streams closed", "talking"],
)
def test_a_command_that_does_not_end_is_a_time_out_within_bounds(transport: RigTransport, command: str) -> None:
    started = time.monotonic()

    with pytest.raises(RigTimeout, match=rf"{transport.node.name}: a command did not end within 0\.5 s"):
        transport.run(command, timeout_s=0.5)

    assert 0.4 < time.monotonic() - started < 4
    assert transport.run("echo on").stdout == b"on\n"


@pytest.mark.parametrize("content", [b"", BIG], ids=["0 B", "5 MiB"])
def test_put_writes_the_bytes_for_the_owner_alone_and_makes_the_folders(
    transport: RigTransport, tmp_path: Path, content: bytes
) -> None:
    target = tmp_path / "new folder" / "it's" / "file"

    transport.put(content, PurePosixPath(target))

    assert target.read_bytes() == content
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_put_replaces_a_longer_file_and_takes_it_from_others(transport: RigTransport, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"something longer")
    target.chmod(0o644)

    transport.put(b"short", PurePosixPath(target))

    assert target.read_bytes() == b"short"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("below", ["file/child", "folder"], ids=["below a file", "onto a folder"])
def test_a_path_that_cannot_be_written_is_the_nodes_fault(transport: RigTransport, tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "folder").mkdir()

    with pytest.raises(RigUnfit, match=rf"{transport.node.name}: cannot .*disk"):
        transport.put(b"x", PurePosixPath(tmp_path / below))


def test_many_lines_in_one_chunk_come_one_by_one(transport: RigTransport) -> None:
    channel = transport.open("printf 'one\\ntwo\\n\\nfour\\n'; cat")

    assert [channel.receive_line(10) for _ in range(4)] == [b"one", b"two", b"", b"four"]


def test_a_line_split_over_chunks_comes_whole(transport: RigTransport) -> None:
    channel = transport.open("printf spl; sleep 0.1; printf it; sleep 0.1; printf '\\nnext\\n'; cat")

    assert [channel.receive_line(10) for _ in range(2)] == [b"split", b"next"]


def test_a_very_long_line_comes_whole(transport: RigTransport) -> None:
    channel = transport.open(f"head -c {5 * MIB} /dev/zero | tr '\\0' x; echo; echo end; cat")

    assert channel.receive_line(30) == b"x" * (5 * MIB)
    assert channel.receive_line(10) == b"end"


def test_what_arrived_before_a_time_out_is_kept_for_the_next_call(transport: RigTransport) -> None:
    channel = transport.open("printf begin; read go; echo _end")

    with pytest.raises(RigTimeout, match=rf"{transport.node.name}: no answer within 0\.3 s"):
        channel.receive_line(0.3)
    channel.send(b"go\n")

    assert channel.receive_line(10) == b"begin_end"


def test_requests_are_answered_one_by_one_while_the_process_runs(transport: RigTransport) -> None:
    channel = transport.open("while read line; do echo got $line; done")

    for word in (b"one", b"two", b"three"):
        channel.send(word + b"\n")
        assert channel.receive_line(10) == b"got " + word


def test_a_held_process_that_floods_stderr_still_answers(transport: RigTransport) -> None:
    channel = transport.open(f"head -c {5 * MIB} /dev/zero >&2; echo ready; read go; echo got $go")

    assert channel.receive_line(30) == b"ready"
    channel.send(b"it\n")
    assert channel.receive_line(10) == b"got it"


def test_the_end_of_the_process_is_told_with_its_last_words(transport: RigTransport) -> None:
    channel = transport.open("echo last; head -c 100000 /dev/zero | tr '\\0' . >&2; echo out of memory >&2; exit 3")

    assert channel.receive_line(10) == b"last"
    with pytest.raises(RigLost, match=rf"{transport.node.name}: (.|\n)*out of memory$") as caught:
        channel.receive_line(10)

    assert len(str(caught.value)) < 3000


def test_half_a_line_at_the_end_of_the_process_is_no_line(transport: RigTransport) -> None:
    channel = transport.open("printf half; echo crashed >&2; exit 1")

    with pytest.raises(RigLost, match="crashed"):
        channel.receive_line(10)


def test_writing_to_a_process_that_ended_is_a_loss_with_its_last_words(transport: RigTransport) -> None:
    channel = transport.open("echo cannot start >&2; exit 1")
    with pytest.raises(RigLost):
        channel.receive_line(10)

    def send_until_it_fails() -> None:
        for _ in range(100):
            channel.send(b"request\n")
            time.sleep(0.02)

    with pytest.raises(RigLost, match="cannot start"):
        send_until_it_fails()


def test_writing_to_a_process_that_does_not_read_ends_in_a_time_out(
    transport: RigTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (local, ssh):
        monkeypatch.setattr(module, "_SEND_TIMEOUT_S", 0.3)
    channel = transport.open("sleep 3")

    with pytest.raises(RigTimeout, match=f"{transport.node.name}: .*read no input"):
        channel.send(bytes(16 * MIB))


def test_a_closed_channel_is_the_end_of_input_and_the_process_ends(transport: RigTransport, tmp_path: Path) -> None:
    channel = transport.open(f"echo $$; cat; echo ended > {tmp_path}/ended")
    pid = first_pid(channel)
    assert runs(pid)

    channel.close()

    assert eventually((tmp_path / "ended").exists)
    assert eventually(lambda: not runs(pid))
    assert transport.run("echo on").stdout == b"on\n"


def test_closing_twice_is_no_error_and_a_closed_channel_says_so(transport: RigTransport) -> None:
    channel = transport.open("cat")
    channel.close()
    channel.close()

    with pytest.raises(RigLost):
        channel.receive_line(1)
    with pytest.raises(RigLost):
        channel.send(b"x\n")
    transport.close()
    transport.close()


def test_a_closed_transport_leaves_no_process(reached: Reached) -> None:
    with reached.connect(reached.node) as transport:
        pids = [first_pid(transport.open("echo $$; exec cat")) for _ in range(3)]
        assert all(runs(pid) for pid in pids)

    assert eventually(lambda: not any(runs(pid) for pid in pids))


def test_two_channels_of_one_transport_do_not_mix(transport: RigTransport) -> None:
    one, two = (transport.open("while read line; do echo $line; done") for _ in range(2))

    one.send(b"for one\n")
    two.send(b"for two\n")

    assert (two.receive_line(10), one.receive_line(10)) == (b"for two", b"for one")


def test_a_node_that_dies_in_mid_command_is_lost_at_once(mortal: Reached, tmp_path: Path) -> None:
    assert mortal.kill is not None

    def kill_when_started() -> None:
        eventually((tmp_path / "started").exists)
        kill()

    kill = mortal.kill
    killer = threading.Thread(target=kill_when_started)
    with mortal.connect(mortal.node) as transport:
        channel = transport.open("echo ready; cat")
        assert channel.receive_line(10) == b"ready"
        started = time.monotonic()
        killer.start()
        with pytest.raises(RigLost, match=mortal.node.name):
            transport.run(f"touch {tmp_path}/started; sleep 20", timeout_s=15)
        with pytest.raises(RigLost, match=mortal.node.name):
            channel.receive_line(15)
        assert time.monotonic() - started < 10
        killer.join()
    assert (tmp_path / "started").exists(), "the command was under way"


def test_a_node_that_is_down_is_unreachable_after_a_few_attempts(
    mortal: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []
    retrying = SshTransport._client.retry
    monkeypatch.setattr(retrying, "wait", tenacity.wait_none())
    monkeypatch.setattr(retrying, "after", lambda state: attempts.append(state.attempt_number))
    assert mortal.kill is not None
    mortal.kill()
    started = time.monotonic()

    with (
        pytest.raises(RigUnreachable, match=f"{mortal.node.name}: no SSH connection"),
        mortal.connect(mortal.node) as transport,
    ):
        transport.run("true")

    assert len(attempts) == ssh.CONNECT_ATTEMPTS
    assert time.monotonic() - started < 5

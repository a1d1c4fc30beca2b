"""A held process is spoken to in lines, and ends when its channel does."""

from __future__ import annotations

import time
from pathlib import PurePosixPath

import pytest

from scorer_core.errors import ProtocolError, RigLost, RigTimeout
from scorer_core.testing.transports.node import MIB, NodeUnderTest, OnANode, eventually, first_pid, runs
from scorer_core.transport.port import RigTransport


class ChannelContract(OnANode):
    """What `open` and its channel do."""

    def test_many_lines_in_one_chunk_come_one_by_one(self, transport: RigTransport) -> None:
        channel = transport.open("printf 'one\\ntwo\\n\\nfour\\n'; cat")

        assert [channel.receive_line(10) for _ in range(4)] == [b"one", b"two", b"", b"four"]

    def test_a_line_split_over_chunks_comes_whole(self, transport: RigTransport) -> None:
        channel = transport.open("printf spl; sleep 0.1; printf it; sleep 0.1; printf '\\nnext\\n'; cat")

        assert [channel.receive_line(10) for _ in range(2)] == [b"split", b"next"]

    def test_a_very_long_line_comes_whole(self, transport: RigTransport) -> None:
        channel = transport.open(f"head -c {5 * MIB} /dev/zero | tr '\\0' x; echo; echo end; cat")

        assert channel.receive_line(30) == b"x" * (5 * MIB)
        assert channel.receive_line(10) == b"end"

    def test_a_line_without_an_end_is_given_up(self, transport: RigTransport) -> None:
        channel = transport.open("cat /dev/zero")

        with pytest.raises(ProtocolError, match=f"{transport.node.name}: a line has no end within"):
            channel.receive_line(60)

    def test_what_arrived_before_a_time_out_is_kept_for_the_next_call(self, transport: RigTransport) -> None:
        channel = transport.open("printf begin; read go; echo _end")

        with pytest.raises(RigTimeout, match=rf"{transport.node.name}: no answer within 0\.3 s"):
            channel.receive_line(0.3)
        channel.send(b"go\n")

        assert channel.receive_line(10) == b"begin_end"

    def test_requests_are_answered_one_by_one_while_the_process_runs(self, transport: RigTransport) -> None:
        channel = transport.open("while read line; do echo got $line; done")

        for word in (b"one", b"two", b"three"):
            channel.send(word + b"\n")
            assert channel.receive_line(10) == b"got " + word

    def test_a_held_process_that_floods_stderr_still_answers(self, transport: RigTransport) -> None:
        channel = transport.open(f"head -c {5 * MIB} /dev/zero >&2; echo ready; read go; echo got $go")

        assert channel.receive_line(30) == b"ready"
        channel.send(b"it\n")
        assert channel.receive_line(10) == b"got it"

    def test_the_end_of_the_process_is_told_with_its_last_words(self, transport: RigTransport) -> None:
        channel = transport.open("echo last; head -c 100000 /dev/zero | tr '\\0' . >&2; echo out of memory >&2; exit 3")

        assert channel.receive_line(10) == b"last"
        with pytest.raises(RigLost, match=rf"{transport.node.name}: (.|\n)*out of memory$") as caught:
            channel.receive_line(10)

        assert len(str(caught.value)) < 3000

    def test_half_a_line_at_the_end_of_the_process_is_no_line(self, transport: RigTransport) -> None:
        channel = transport.open("printf half; echo crashed >&2; exit 1")

        with pytest.raises(RigLost, match="crashed"):
            channel.receive_line(10)

    def test_writing_to_a_process_that_ended_is_a_loss_with_its_last_words(self, transport: RigTransport) -> None:
        channel = transport.open("echo cannot start >&2; exit 1")
        with pytest.raises(RigLost):
            channel.receive_line(10)

        def send_until_it_fails() -> None:
            for _ in range(100):
                channel.send(b"request\n")
                time.sleep(0.02)

        with pytest.raises(RigLost, match="cannot start"):
            send_until_it_fails()

    @pytest.mark.usefixtures("impatient")
    def test_writing_to_a_process_that_does_not_read_ends_in_a_time_out(self, transport: RigTransport) -> None:
        channel = transport.open("sleep 60")

        with pytest.raises(RigTimeout, match=f"{transport.node.name}: .*read no input"):
            channel.send(bytes(16 * MIB))

    def test_a_closed_channel_is_the_end_of_input_and_the_process_ends(
        self, transport: RigTransport, folder: PurePosixPath
    ) -> None:
        channel = transport.open(f"echo $$; cat; echo ended > {folder}/ended")
        pid = first_pid(channel)
        assert runs(transport, pid)

        channel.close()

        assert eventually(lambda: transport.run(f"test -e {folder}/ended").exit_code == 0)
        assert eventually(lambda: not runs(transport, pid))

    def test_closing_twice_is_no_error_and_a_closed_channel_says_so(self, transport: RigTransport) -> None:
        channel = transport.open("cat")
        channel.close()
        channel.close()

        with pytest.raises(RigLost):
            channel.receive_line(1)
        with pytest.raises(RigLost):
            channel.send(b"x\n")
        transport.close()
        transport.close()

    def test_a_closed_transport_leaves_no_process(self, reached: NodeUnderTest) -> None:
        with reached.connect(reached.node) as transport:
            pids = [first_pid(transport.open("echo $$; exec cat")) for _ in range(3)]
            assert all(runs(transport, pid) for pid in pids)

        with reached.connect(reached.node) as another:
            assert eventually(lambda: not any(runs(another, pid) for pid in pids))

    def test_two_channels_of_one_transport_do_not_mix(self, transport: RigTransport) -> None:
        one, two = (transport.open("while read line; do echo $line; done") for _ in range(2))

        one.send(b"for one\n")
        two.send(b"for two\n")

        assert (two.receive_line(10), one.receive_line(10)) == (b"for two", b"for one")

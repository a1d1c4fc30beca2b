"""A command is run to its end: exit code, output and input arrive whole, or it is said that it ended otherwise."""

from __future__ import annotations

import time

import pytest

from scorer_core.errors import ProtocolError, RigLost, RigTimeout
from scorer_core.testing.transports.node import BIG, MIB, OnANode
from scorer_core.transport.port import RigTransport


class CommandContract(OnANode):
    """What `run` does."""

    def test_exit_code_stdout_and_stderr_arrive_apart(self, transport: RigTransport) -> None:
        done = transport.run("echo out; echo err >&2; exit 37")

        assert (done.exit_code, done.stdout, done.stderr) == (37, b"out\n", b"err\n")

    def test_a_command_that_does_not_exist_is_an_exit_code_and_no_error(self, transport: RigTransport) -> None:
        done = transport.run("no-such-program-here")

        assert done.exit_code == 127
        assert b"not found" in done.stderr

    def test_a_command_that_is_killed_is_no_answer(self, transport: RigTransport) -> None:
        with pytest.raises(RigLost, match=transport.node.name):
            transport.run("kill -9 $$")

    def test_every_byte_value_goes_in_and_comes_back_also_when_it_is_more_than_any_buffer(
        self, transport: RigTransport
    ) -> None:
        assert transport.run("cat", stdin=BIG).stdout == BIG

    def test_the_end_of_the_input_reaches_the_command(self, transport: RigTransport) -> None:
        assert transport.run("wc -c", timeout_s=10).stdout.strip() == b"0"

    def test_a_command_that_does_not_read_its_input_still_gives_its_exit_code(self, transport: RigTransport) -> None:
        assert transport.run("exit 5", stdin=BIG).exit_code == 5

    def test_a_flood_on_stderr_does_not_hang(self, transport: RigTransport) -> None:
        done = transport.run(f"head -c {5 * MIB} /dev/zero >&2; echo done", timeout_s=30)

        assert (done.stdout, len(done.stderr)) == (b"done\n", 5 * MIB)

    @pytest.mark.parametrize("stream", ["", ">&2"], ids=["stdout", "stderr"])
    def test_a_flood_beyond_the_limit_is_cut_off(self, transport: RigTransport, stream: str) -> None:
        with pytest.raises(ProtocolError, match=f"{transport.node.name}: a command printed more than {MIB} bytes"):
            transport.run(f"cat /dev/zero {stream}", timeout_s=30, limit_bytes=MIB)

        assert transport.run("echo on").stdout == b"on\n"

    def test_stderr_after_the_end_of_stdout_is_not_lost(self, transport: RigTransport) -> None:
        done = transport.run("echo first; exec >&-; sleep 0.2; echo late >&2; exit 4")

        assert (done.exit_code, done.stdout, done.stderr) == (4, b"first\n", b"late\n")

    @pytest.mark.parametrize(
        "command",
        ["sleep 20", "exec >&- 2>&-; sleep 20", "while :; do echo more; sleep 0.05; done"],
        ids=["silent", "its streams closed", "talking"],
    )
    def test_a_command_that_does_not_end_is_a_time_out_within_bounds(
        self, transport: RigTransport, command: str
    ) -> None:
        started = time.monotonic()

        with pytest.raises(RigTimeout, match=rf"{transport.node.name}: a command did not end within 0\.5 s"):
            transport.run(command, timeout_s=0.5)

        assert 0.4 < time.monotonic() - started < 4
        assert transport.run("echo on").stdout == b"on\n"

"""The contract of a transport: run commands, put files, hold processes, and tell the truth about a loss.

Give the fixtures, and pytest collects the tests:

    from scorer_core.testing.transports import MortalTransportContract, NodeUnderTest, TransportContract

    class TestMine(TransportContract):
        @pytest.fixture
        def reached(self) -> NodeUnderTest:
            return NodeUnderTest(node, connect)

    class TestMineWhenTheNodeDies(MortalTransportContract):
        @pytest.fixture
        def reached(self) -> Iterator[NodeUnderTest]:
            with start_a_node() as mine:
                yield NodeUnderTest(mine.node, connect, kill=mine.kill)

The node is a Linux machine with a shell and coreutils; nothing is asked of its file system but by the
transport itself, so that it may be anywhere. For one node a class, give `reached` the scope `class` and
make it a classmethod.
"""

from __future__ import annotations

from scorer_core.testing.transports.channels import ChannelContract
from scorer_core.testing.transports.commands import CommandContract
from scorer_core.testing.transports.files import FileContract
from scorer_core.testing.transports.losses import MortalTransportContract
from scorer_core.testing.transports.node import NodeUnderTest

__all__ = ["MortalTransportContract", "NodeUnderTest", "TransportContract"]


class TransportContract(CommandContract, FileContract, ChannelContract):
    """What every step of ours relies on, on a node that each test leaves as it was."""

"""The steps of the README's "On a real cluster" as they stand there, and what a trial of them has to put otherwise."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
HEADING = "## On a real cluster"
_FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
NODE = "rig-6600"
"""The node that stands for all of them: a line that names it is meant for each."""


@dataclass(frozen=True)
class Block:
    """A block of code, without the indent of the list that it stands in."""

    language: str
    code: str


def section(text: str) -> str:
    """Return the text below the heading, up to the next one."""
    return text.split(f"\n{HEADING}\n")[1].split("\n## ")[0]


def blocks(text: str) -> list[Block]:
    """Return the blocks of the section in their order."""
    return [Block(found[2], textwrap.dedent(found[3])) for found in _FENCE.finditer(section(text))]


class Words:
    """Puts words of the README otherwise: each pair is a text that has to occur there, and what stands for it."""

    def __init__(self, pairs: Mapping[str, str], nodes: Sequence[Mapping[str, str]]) -> None:
        self._pairs = pairs
        self._nodes = nodes
        self._unused = {*pairs, *(old for node in nodes for old in node)}

    @property
    def unused(self) -> set[str]:
        """Return what did not occur so far: the README says it no longer."""
        return self._unused

    def of(self, block: Block) -> str:
        """Return a block's code, a line that names the node once for each."""
        lines = []
        for line in block.code.splitlines():
            for node in self._nodes if NODE in line else [{}]:
                lines.append(self._put(line, {**node, **self._pairs}))
        return "\n".join(lines)

    def _put(self, line: str, pairs: Mapping[str, str]) -> str:
        for old, new in pairs.items():
            if old in line:
                self._unused.discard(old)
                line = line.replace(old, new)
        return line

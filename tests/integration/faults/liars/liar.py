"""A rig's Python that lies: runs the rig's own program, and changes what it prints. Argument 1 names the lie.

A liar works by hundreds in one run, so it starts fast: without `site`, in one process with the worker, whose sources
are beside the lies' program as compiled before. The standard library, numpy and the lies are all that it imports.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

sys.path.insert(0, str(Path(__file__).parents[4]))

from tests.integration.faults.liars.lies import JOURNAL_LINES, LIVE, Lie, line


def main() -> None:
    """Do what the rest of the arguments ask of Python."""
    kind, _, name = sys.argv[1].partition(" / ")
    sources, arguments = Path(sys.argv[2]), sys.argv[3:]
    if kind == "live":
        serve(sources, arguments, LIVE[name])
    else:
        journals(arguments, JOURNAL_LINES[name])


def serve(sources: Path, arguments: list[str], lie: Lie) -> None:
    """Be the worker, from its own sources unpacked, and lie about each result."""
    sys.argv[:] = arguments[1:]  # the first is -u
    read_end, write_end = os.pipe()
    said, told = os.fdopen(read_end, "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(write_end, 1)
    threading.Thread(target=_retell, args=(said, told, lie), daemon=True).start()
    sys.path.insert(0, str(sources))
    spec = importlib.util.spec_from_file_location("worker_main", sources / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _retell(said: BinaryIO, told: BinaryIO, lie: Lie) -> None:
    for message in said:
        answer = json.loads(message)
        told.write(lie(answer) if answer["type"] == "result" else message)
        told.flush()


def journals(arguments: list[str], lie: Lie) -> None:
    """Lie about what the journals hold."""
    done = subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.PIPE)
    texts = {
        file: "".join(text + "\n" + lie(json.loads(text)).decode() for text in whole.splitlines())
        for file, whole in json.loads(done.stdout).items()
    }
    sys.stdout.buffer.write(line(texts))


if __name__ == "__main__":
    main()

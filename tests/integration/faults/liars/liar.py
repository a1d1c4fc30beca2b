"""A rig's Python that lies: runs the real one, and changes what it prints. Argument 1 names the lie."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4]))

from tests.integration.faults.liars.deploying import DEPLOY, step_of
from tests.integration.faults.liars.lies import JOURNAL_LINES, JOURNALS, LIVE, line


def main() -> int:
    """Run the real Python with the rest of the arguments."""
    kind, _, name = sys.argv[1].partition(" / ")
    command = [sys.executable, *sys.argv[2:]]
    if kind == "live" and "serve" in command:
        return serve(command, name)
    if kind == "journals" and "gpu*.jsonl" in " ".join(command):
        return journals(command, name)
    if kind == "deploy" and name.partition(":")[0] == step_of(command):
        sys.stdout.buffer.write(DEPLOY[name])
        sys.stdout.buffer.flush()
        return 0
    return subprocess.run(command, check=False).returncode


def serve(command: list[str], name: str) -> int:
    """Lie about each result."""
    worker = subprocess.Popen(command, stdout=subprocess.PIPE)
    for said in worker.stdout or ():
        message = json.loads(said)
        sys.stdout.buffer.write(LIVE[name](message) if message["type"] == "result" else said)
        sys.stdout.buffer.flush()
    return worker.wait()


def journals(command: list[str], name: str) -> int:
    """Lie about what the journals hold."""
    if name in JOURNALS:
        sys.stdout.buffer.write(JOURNALS[name])
        return 0
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    texts = {
        file: "".join(text + "\n" + JOURNAL_LINES[name](json.loads(text)).decode() for text in whole.splitlines())
        for file, whole in json.loads(done.stdout).items()
    }
    sys.stdout.buffer.write(line(texts))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A demo tells the memory of its largest process on the head and on a rig, told apart by what they run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

from sim.demo.memory import MemoryWatch

HOLD = "import sys; held = b'x' * (%d << 20); print(1, flush=True); sys.stdin.read()"


def test_the_largest_process_of_each_kind_counts(tmp_path: Path) -> None:
    worker = tmp_path / "worker.pyz"
    worker.write_text(HOLD % 90)
    with (
        subprocess.Popen([sys.executable, "-c", HOLD % 40], stdin=PIPE, stdout=PIPE) as head,
        subprocess.Popen([sys.executable, worker], stdin=PIPE, stdout=PIPE) as rig,
    ):
        for process in (head, rig):
            assert process.stdout is not None
            process.stdout.readline()
        watch = MemoryWatch()
        watch.look()
        for process in (head, rig):
            process.communicate()

    assert 40 < watch.head_mb < 90 < watch.rig_mb < 140
    assert "head" in watch.words()

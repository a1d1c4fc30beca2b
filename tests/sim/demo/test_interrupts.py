"""A demo that is asked twice to end still ends all that it started."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
DEMO = """
import sys, time
from sim.demo.interrupts import end_once
end_once()
try:
    print("up", flush=True)
    time.sleep(60)
finally:
    print("ending", flush=True)
    sys.stdin.readline()
    print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_only_the_first_signal_counts(number: int) -> None:
    command = [sys.executable, "-c", DEMO]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdin is not None
        assert demo.stdout is not None
        assert demo.stdout.readline() == "up\n"
        demo.send_signal(number)
        assert demo.stdout.readline() == "ending\n"
        for again in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            demo.send_signal(again)
        said, _ = demo.communicate("\n", timeout=60)

    assert (said, demo.returncode) == ("ended\n", 128 + number)

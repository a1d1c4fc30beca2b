"""How many threads the libraries below numpy may start, said before numpy is imported."""

from __future__ import annotations

import os

THREAD_LIMITS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
"""What the libraries below numpy ask for how many threads to start, when they are loaded and never again."""


def limit_threads(threads: int) -> None:
    """Give this process so many threads for matrix products, whatever the environment says.

    To be called before numpy is imported. Left alone, each worker of a rig starts a thread a core, and
    eight workers fight each other into time-outs.
    """
    for name in THREAD_LIMITS:
        os.environ[name] = str(threads)


def limit_unless_told(threads: int = 1) -> None:
    """Do the same where the environment says nothing: on the head, whose environment is the operator's own."""
    for name in THREAD_LIMITS:
        os.environ.setdefault(name, str(threads))

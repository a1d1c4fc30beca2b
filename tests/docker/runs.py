"""Runs of the DAG on the services, by the API server."""

from __future__ import annotations

from typing import Any

from tests.docker.stack import Stack

POOL = "faults.npz"


def pool_of(stack: Stack) -> None:
    """Make a pool whose signal a random search of 260 trials finds, unless it is there."""
    make = f"test -e /srv/scorer/data/{POOL} || exec scorer sample-pool"
    given = f"--kind planted --lift 4 --seed 1 --out /srv/scorer/data/{POOL}"
    stack.compose("run", "--rm", "-T", "--no-deps", "--entrypoint", "sh", "demo", "-c", f"{make} {given}")


def begin(stack: Stack, name: str, conf: dict[str, Any]) -> None:
    """Trigger a run."""
    with stack.client() as client:
        client.wait_for_dag(180)
        reply = client.trigger(conf, name)
    assert reply.is_success, reply.text


def ended(stack: Stack, name: str, timeout_s: float = 900.0) -> dict[str, Any]:
    """Wait for the end of a run and return it."""
    with stack.client() as client:
        return client.wait(name, timeout_s)


def run(stack: Stack, name: str, conf: dict[str, Any]) -> dict[str, Any]:
    """Trigger a run and wait for its end."""
    begin(stack, name, conf)
    return ended(stack, name)

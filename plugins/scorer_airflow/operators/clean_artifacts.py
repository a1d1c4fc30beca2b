"""clean_artifacts: one command on a node; over SSH by the provider's SSHOperator, else over the port to a rig."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.ssh.operators.ssh import SSHOperator
from airflow.sdk import BaseOperator, Context

from scorer_airflow.ssh.hook import NodeHook
from scorer_core.cluster import Node
from scorer_core.context import RunContext
from scorer_core.errors import RigError, RigUnfit
from scorer_core.fleet.deployed import note_error
from scorer_core.settings import load_settings
from scorer_core.steps.clean_artifacts import (
    CLEAN_TIMEOUT_S,
    clean_command,
    clean_head,
    clean_node,
    removed_in_words,
)
from scorer_core.transport.answers import removed_of, tail

if TYPE_CHECKING:
    from paramiko import SSHClient

log = logging.getLogger(__name__)


class CleanArtifactsOperator(BaseOperator):
    """Removes from a node what earlier runs left, and from the head its old run folders.

    :param node: name of the node in the inventory (templated)
    """

    template_fields = ("node",)

    def __init__(self, *, node: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.node = node

    def execute(self, context: Context) -> str:
        """Clean; the removed names are in the log."""
        run, node = _begin(context["run_id"], self.node)
        with _kept(run, node):
            log.info("%s: %s", node.name, removed_in_words(clean_node(run, node.name)))
        return self.node


class SshCleanArtifactsOperator(SSHOperator):
    """Does the same over SSH.

    :param node: name of the node in the inventory (templated)
    """

    template_fields = ("node",)

    def __init__(self, *, node: str, **kwargs: Any) -> None:
        super().__init__(cmd_timeout=CLEAN_TIMEOUT_S, **kwargs)
        self.node = node

    @cached_property
    def ssh_hook(self) -> NodeHook:
        """Return the hook of the node."""
        return NodeHook(self._target)

    def execute(self, context: Context | None = None) -> str:
        """Clean; the removed names are in the log."""
        run, self._target = _begin((context or {})["run_id"], self.node)
        self.command = clean_command(run, self._target)
        with _kept(run, self._target):
            super().execute(context)
        return self.node

    def run_ssh_client_command(self, ssh_client: SSHClient, command: str, context: Context | None = None) -> bytes:
        """Run the command, and tell what it removed."""
        printed: bytes = super().run_ssh_client_command(ssh_client, command, context)
        removed = removed_of(self._target.name, printed)
        log.info("%s: %s", self._target.name, removed_in_words(removed))
        return printed

    def raise_for_status(self, exit_status: int, stderr: bytes, context: Context | None = None) -> None:
        """Raise RigUnfit with what the node said, where the command failed: another attempt would end the same way."""
        if exit_status:
            raise RigUnfit(self.node, f"cleaning failed with exit code {exit_status}: {tail(stderr)}")


_OPERATORS: Mapping[str, type[BaseOperator]] = {"ssh": SshCleanArtifactsOperator}
"""The transports for which a provider has an operator; every other one is asked over the port."""


def clean_artifacts(*, node: str, **kwargs: Any) -> BaseOperator:
    """Return the task that cleans a node by the transport of the settings."""
    operator = _OPERATORS.get(load_settings().transport, CleanArtifactsOperator)
    return operator(node=node, **kwargs)


@contextmanager
def _kept(run: RunContext, node: Node) -> Iterator[None]:
    """Keep in the ledger why a node cannot be cleaned: it is left out of the run, and is never deployed."""
    try:
        yield
    except RigError as error:
        note_error(run.ledger.engine, node, error)
        raise


def _begin(run_id: str, name: str) -> tuple[RunContext, Node]:
    """Return the run and the node, after cleaning the head itself where it is the head."""
    run = RunContext.load(run_id)
    node = run.inventory().node(name)
    if node.head:
        log.info("run folders of the head: %s", removed_in_words({"runs": clean_head(run)}))
    return run, node

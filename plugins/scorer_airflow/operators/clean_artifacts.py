"""clean_artifacts: one command on a node, by the provider's SSHOperator."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.providers.ssh.operators.ssh import SSHOperator
from airflow.sdk import Context

from scorer_airflow.ssh.hook import NodeHook
from scorer_core.cluster import Node
from scorer_core.context import RunContext

CLEAN_TIMEOUT_S = 120


class CleanArtifactsOperator(SSHOperator):
    """Removes from a node what earlier runs left, and from the head its old run folders.

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
        from scorer_core.steps.clean_artifacts import clean_command, clean_head

        run = RunContext.load((context or {})["run_id"])
        self._target: Node = run.inventory().node(self.node)
        if self._target.head:
            self.log.info("run folders removed from the head: %s", clean_head(run) or "none")
        self.command = clean_command(run, self._target)
        super().execute(context)
        return self.node

"""Every health check: one entry each. How to add one: docs/extending.md."""

from __future__ import annotations

from scorer_core.rig.health import of_gpus, of_nodes
from scorer_core.rig.health.check import HealthCheck, Lift, Phase, Problem, Scope, Severity

_DEPLOY, _LANE, _RUN, _BETWEEN = Phase
_AT_REST = (_DEPLOY, _BETWEEN)
_ALWAYS = (_DEPLOY, _LANE, _RUN, _BETWEEN)
_GPU, _NODE = Scope
_TELL, _DRAIN, _UNLESS_OK = Severity
_PASSES, _HAND = Lift
_OPERATOR, _RIG = Problem

CHECKS: tuple[HealthCheck, ...] = (
    HealthCheck(
        *("driver", _ALWAYS, _UNLESS_OK, 5.0, _GPU, _PASSES, _RIG),
        "Restart the rig; if the card does not come back, seat it and its riser anew.",
        of_gpus.answers,
    ),
    HealthCheck(
        *("temperature", _ALWAYS, _DRAIN, 5.0, _GPU, _PASSES, _RIG),
        "Look at its fans, its dust and the air of the room.",
        of_gpus.temperature,
    ),
    HealthCheck(
        *("throttling", _AT_REST, _TELL, 5.0, _GPU, _PASSES, _RIG),
        "Look at its cooling, its power cables and the power supply.",
        of_gpus.throttling,
    ),
    HealthCheck(
        *("memory_errors", _AT_REST, _DRAIN, 5.0, _GPU, _PASSES, _RIG),
        "Restart the rig, which resets the count; replace the card if they come back.",
        of_gpus.memory_errors,
    ),
    HealthCheck(
        *("kernel_log", _AT_REST, _DRAIN, 6.0, _GPU, _PASSES, _RIG),
        "Read `dmesg` on the rig. It passes when the kernel was quiet for a quarter of an hour.",
        of_gpus.kernel_log,
    ),
    HealthCheck(
        *("foreign", _AT_REST, _TELL, 8.0, _GPU, _PASSES, _OPERATOR),
        "Somebody else uses this GPU: our trials will be slow. Drain it, or end the process.",
        of_gpus.foreign,
    ),
    HealthCheck(
        *("memory", _AT_REST, _DRAIN, 5.0, _NODE, _PASSES, _OPERATOR),
        "End what takes the rig's memory, or lower max_concurrent.",
        of_nodes.memory,
    ),
    HealthCheck(
        *("disk", _AT_REST, _DRAIN, 5.0, _NODE, _PASSES, _OPERATOR),
        "Free some space below the node's root, or lower SCORER_KEEP_RUNS and SCORER_KEEP_DAYS.",
        of_nodes.disk,
    ),
    HealthCheck(
        *("inodes", _AT_REST, _DRAIN, 5.0, _NODE, _PASSES, _OPERATOR),
        "Remove files from the file system of the node's root.",
        of_nodes.inodes,
    ),
    HealthCheck(
        *("clock", _AT_REST, _TELL, 5.0, _NODE, _PASSES, _OPERATOR),
        "Set the rig's clock by NTP: results stay right, the times that it writes do not.",
        of_nodes.clock,
    ),
    HealthCheck(
        *("stuck", _AT_REST, _TELL, 5.0, _NODE, _PASSES, _RIG),
        "No signal ends them: if they do not go, restart the rig.",
        of_nodes.stuck,
    ),
    HealthCheck(
        *("left_over", _AT_REST, _TELL, 5.0, _NODE, _PASSES, _RIG),
        "The next lane on its GPU ends it; if it cannot, restart the rig.",
        of_nodes.left_over,
    ),
    HealthCheck(
        *("python", (_BETWEEN,), _DRAIN, 5.0, _NODE, _PASSES, _OPERATOR),
        "Install what is named for the node's `python`.",
        of_nodes.python,
    ),
    HealthCheck(
        *("cores", _AT_REST, _TELL, 5.0, _NODE, _PASSES, _OPERATOR),
        "Lower max_concurrent or threads of the node.",
        of_nodes.cores,
    ),
    HealthCheck(
        *("trials", (), _DRAIN, 0.0, _GPU, _PASSES, _RIG),
        "Read the error: its trials failed in a row. It passes when deploy_worker's known answer comes out right.",
    ),
    HealthCheck(
        *("reachable", (), _TELL, 0.0, _NODE, _PASSES, _RIG),
        "Is it on, and on the network? See the error.",
    ),
    HealthCheck(
        *("fit", (), _TELL, 0.0, _NODE, _PASSES, _OPERATOR),
        "Mend what the error names; until then no run uses the node.",
    ),
    HealthCheck(
        *("speed", (), _TELL, 0.0, _NODE, _HAND, _RIG),
        "Look at its cooling, its power limit and what else runs on it.",
    ),
)


def check_of(name: str) -> HealthCheck:
    """Return a check by name.

    Raises:
        KeyError: there is none.
    """
    return {check.name: check for check in CHECKS}[name]

"""Every check on a real server: what it says when something is wrong there, what it drains, and what lifts that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import pytest

from scorer_core.errors import GpuCountMismatch
from scorer_core.ledger.checks import checked
from scorer_core.rig.health.check import Scope, State
from scorer_core.rig.health.table import check_of
from scorer_core.steps.deploy_worker import deploy_worker
from tests.integration.faults.stand import AMD, GPUS, NVIDIA, Stand, stand_up

FAILED, UNREADABLE = State.FAILED, State.UNREADABLE
XID = "NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus."
RING = "amdgpu 0000:04:00.0: [drm] ring gfx timeout"


@dataclass(frozen=True)
class Named:
    """Which check names a fault, with which words, and which GPUs get no slot."""

    check: str
    state: State
    says: str
    drained: tuple[int, ...] = ()


@dataclass(frozen=True)
class Fault:
    """Something wrong on a rig: how it is made, and what comes of it."""

    what: str
    node: str
    make: Callable[[Stand], AbstractContextManager[None] | None]
    named: Named

    @property
    def outcome(self) -> str:
        """Return what the table says came of it."""
        named = self.named
        node = check_of(named.check).scope is Scope.NODE
        which = "the node" if node else "all its GPUs" if len(named.drained) == GPUS[self.node] else "that GPU alone"
        drained = f"drains {which}: no slot there until a look passes"
        then = drained if named.drained else "told alone"
        return f"check `{named.check}` {named.state.value}: “{named.says}”; {then}"


def log_of(text: str) -> str:
    with open("/proc/uptime") as stream:
        return f"[{float(stream.read().split()[0]) - 5:.6f}] {text}\n"


NVIDIA_FAULTS = [
    Fault(
        "nvidia-smi hangs so that SIGKILL does not end it",
        NVIDIA,
        lambda on: on.smi.hang(True),
        Named("driver", UNREADABLE, "nvidia-smi gave no answer within 6 s", (0, 1, 2)),
    ),
    Fault(
        "nvidia-smi ends with exit code 15 for one GPU",
        NVIDIA,
        lambda on: on.smi.set(1, "lost"),
        Named("driver", FAILED, "nvidia-smi ended with exit code 15: it has fallen off the bus", (1,)),
    ),
    Fault(
        "nvidia-smi ends with exit code 10 for one GPU",
        NVIDIA,
        lambda on: on.smi.fail(2, 10),
        Named("driver", UNREADABLE, "exit code 10: the kernel has trouble with a GPU's interrupt", (2,)),
    ),
    Fault(
        "nvidia-smi is not installed",
        NVIDIA,
        lambda on: on.smi.missing(),
        Named("driver", UNREADABLE, "nvidia-smi was not found on the PATH", (0, 1, 2)),
    ),
    Fault(
        "NVIDIA GPU at 95 °C",
        NVIDIA,
        lambda on: on.smi.set(1, "95"),
        Named("temperature", FAILED, "95 °C, 90 °C is too hot", (1,)),
    ),
    Fault(
        "NVIDIA GPU whose clock is held down",
        NVIDIA,
        lambda on: on.smi.set(1, "80", held_by_heat="Active"),
        Named("throttling", FAILED, "its clock is held down by heat"),
    ),
    Fault(
        "NVIDIA GPU with memory errors",
        NVIDIA,
        lambda on: on.smi.set(0, "60", errors="2"),
        Named("memory_errors", FAILED, "2 errors of its memory were not corrected", (0,)),
    ),
    Fault(
        "Xid of an NVIDIA GPU in the kernel's log",
        NVIDIA,
        lambda on: on.smi.write("log", log_of(XID)),
        Named("kernel_log", FAILED, XID, (1,)),
    ),
    Fault(
        "another process computes on an NVIDIA GPU",
        NVIDIA,
        lambda on: on.smi.write("apps", f"00000000:01:00.0, {os.getpid()}, 800\n"),
        Named("foreign", FAILED, "other processes compute on it"),
    ),
]
AMD_FAULTS = [
    Fault(
        "AMD GPU at 96 °C",
        AMD,
        lambda on: on.kernel.set(1, "96000\n"),
        Named("temperature", FAILED, "96 °C, 90 °C is too hot", (1,)),
    ),
    Fault(
        "sensors of an AMD GPU cannot be read",
        AMD,
        lambda on: on.kernel.set(0, "", busy=""),
        Named("driver", FAILED, "the kernel cannot read its sensors: it has fallen off the bus", (0,)),
    ),
    Fault(
        "AMD GPU is gone from the kernel's topology",
        AMD,
        lambda on: on.kernel.lose(1),
        Named("driver", FAILED, "the kernel's topology has 1 GPUs", (1,)),
    ),
    Fault(
        "the kernel's topology of AMD GPUs cannot be read",
        AMD,
        lambda on: on.kernel.break_node(),
        Named("driver", UNREADABLE, "the kernel's topology cannot be read", (0, 1)),
    ),
    Fault(
        "AMD GPU with memory errors",
        AMD,
        lambda on: on.kernel.set(1, "60000\n", errors=4),
        Named("memory_errors", FAILED, "4 errors of its memory were not corrected", (1,)),
    ),
    Fault(
        "ring time-out of an AMD GPU in the kernel's log",
        AMD,
        lambda on: on.rocm.write("log", log_of(RING)),
        Named("kernel_log", FAILED, "ring gfx timeout", (1,)),
    ),
    Fault(
        "another process computes on an AMD GPU",
        AMD,
        lambda on: on.kernel.hold_memory(0, os.getpid(), 700),
        Named("foreign", FAILED, "(700 MiB)"),
    ),
    Fault(
        "rocm-smi lists one GPU of two, without a topology",
        AMD,
        lambda on: hidden(on, on.rocm.hide_once),
        Named("driver", FAILED, "rocm-smi does not list it", (1,)),
    ),
    Fault(
        "rocm-smi hangs so that SIGKILL does not end it",
        AMD,
        lambda on: hidden(on, lambda: on.rocm.hang(True)),
        Named("driver", UNREADABLE, "rocm-smi gave no answer within 6 s", (0, 1)),
    ),
    Fault(
        "rocm-smi is not installed, and there is no topology",
        AMD,
        lambda on: hidden(on, on.rocm.missing),
        Named("driver", UNREADABLE, "rocm-smi was not found on the PATH", (0, 1)),
    ),
]
NODE_FAULTS = [
    Fault(
        "disk of a rig more than 99 % full",
        NVIDIA,
        lambda on: on.full_disk(),
        Named("disk", FAILED, "% full", (0, 1, 2)),
    ),
    Fault(
        "no inodes left on a rig",
        NVIDIA,
        lambda on: on.no_inodes(),
        Named("inodes", FAILED, "inodes left", (0, 1, 2)),
    ),
    Fault(
        "clock of a rig ten minutes off",
        AMD,
        lambda on: on.head_ahead(600),
        Named("clock", FAILED, "s behind the head's"),
    ),
    Fault(
        "stopped worker of ours left over on a rig",
        NVIDIA,
        lambda on: on.left_over_worker(NVIDIA),
        Named("left_over", FAILED, "workers of ours are left over"),
    ),
]


def hidden(on: Stand, make: Callable[[], AbstractContextManager[None] | None]) -> AbstractContextManager[None] | None:
    """Let AMD's rig have no topology beside what is made."""
    on.kernel.hide()
    return make()


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand_up(tmp_path_factory.mktemp("stand")) as stand:
        yield stand


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=pytest.mark.fault(fault.what, servers="OpenSSH"), id=fault.what.replace("°C", "C"))
        for fault in [*NVIDIA_FAULTS, *AMD_FAULTS, *NODE_FAULTS]
    ],
)
def test_a_check_names_what_is_wrong_and_the_next_look_that_passes_lifts_it(
    stand: Stand, fault: Fault, outcome: Callable[[str], None]
) -> None:
    named, everything = fault.named, list(range(GPUS[fault.node]))
    with fault.make(stand) or nullcontext():
        found = [one for one in stand.look(fault.node) if (one.check, one.state) == (named.check, named.state)]
        drained, slots = stand.drained(), stand.slots(fault.node)
    stand.mend()
    of_node = check_of(named.check).scope is Scope.NODE
    places = [fault.node] if of_node else [f"{fault.node}:{gpu}" for gpu in named.drained]
    assert found
    assert all(named.says in one.reason for one in found)
    assert drained == (places if named.drained else [])
    assert slots == [gpu for gpu in everything if gpu not in named.drained]

    again = [one.state for one in stand.look(fault.node) if one.check == named.check]

    assert set(again) == {State.OK}
    assert stand.drained() == []
    assert stand.slots(fault.node) == everything
    outcome(fault.outcome)


@pytest.mark.fault("driver's program lists a GPU less at one call and all at the next", servers="OpenSSH")
def test_a_count_that_differs_from_call_to_call_refuses_a_rig_while_it_is_wrong(
    stand: Stand, outcome: Callable[[str], None]
) -> None:
    for node, driver, program in ((NVIDIA, stand.smi, "nvidia-smi"), (AMD, stand.rocm, "rocm-smi")):
        if node == AMD:
            stand.kernel.hide()
        driver.hide_once("probe")
        with pytest.raises(GpuCountMismatch, match=f"{program} sees {GPUS[node] - 1} .*the inventory says"):
            deploy_worker(stand.context, node)
        assert stand.drained() == [], "which GPU was missing, nobody knows"

        assert deploy_worker(stand.context, node).gpus == GPUS[node]
        states = {one.finding.state for one in checked(stand.context.ledger.engine) if one.finding.check == "fit"}
        assert states == {State.OK}
        stand.mend()
    outcome(
        "GpuCountMismatch with both numbers: the rig is left out of this run; the next deploy that counts all uses it"
    )

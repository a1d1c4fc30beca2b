"""The rigs and their GPUs: ready, working, or drained by whom and why; how fast each is against the others.

What is known comes from the inventory, which names the nodes, and from the ledger's latest runs. Who knows more of a
node, as what its last deployment said, hands it in as `Heard`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from scorer_core.cluster import Node
from scorer_core.errors import InputError
from scorer_core.fleet.speed import Speed
from scorer_core.fleet.state import NodeState, node_states
from scorer_core.inventory import load_inventory
from scorer_core.ledger.drains import Drain
from scorer_core.ledger.lanes import LaneState, RigState, lane_states, recently_spent, rig_states
from scorer_core.ledger.listing import Ended, Wanted, list_runs
from scorer_core.run.clock import Clock, utc_now
from scorer_core.run.slot import Slot
from scorer_core.views.discreet import discreet
from scorer_core.views.installation import Installation
from scorer_core.views.pace import Pace, paces_of

LATEST_RUNS = 5
UNREADABLE = "`scorer cluster check`, run where the tasks run, says why."
IN_PROGRESS = timedelta(days=2)
"""A run without an end that began longer ago is taken for one that was cut short."""


class GpuState(StrEnum):
    """What a GPU is up to."""

    READY = "ready"
    WORKING = "working"
    DRAINED = "drained"


@dataclass(frozen=True)
class Heard:
    """What a node's last deployment said: `failed` is the check, None when it passed."""

    at: datetime | None
    failed: str | None


@dataclass(frozen=True)
class GpuLine:
    """One GPU; `works_on` is the ticket of a run, `by` who drained it and `why`. What was not read is None."""

    gpu: int
    state: GpuState
    works_on: str | None = None
    by: str | None = None
    why: str | None = None
    temperature_c: float | None = None
    load: float | None = None


@dataclass(frozen=True)
class RigOfFleet:
    """One node of the inventory; `median_s` and `per_hour` tell of its latest trials, `against` of the others'."""

    name: str
    head: bool
    vendor: str
    state: GpuState
    gpus: tuple[GpuLine, ...]
    by: str | None
    why: str | None
    failed_check: str | None
    seen_at: datetime | None
    per_hour: float | None
    median_s: float | None
    against: Speed | None

    @property
    def is_slow(self) -> bool:
        """Say whether its trials take much longer than the fleet's."""
        return self.against is not None and self.against.slow


@dataclass(frozen=True)
class Fleet:
    """The rigs, in the order of the inventory; `unreadable` says why there are none."""

    rigs: tuple[RigOfFleet, ...]
    unreadable: str
    median_s: float | None

    def gpus_in(self, state: str) -> int:
        """Return how many GPUs are in a state."""
        return sum(gpu.state == state for rig in self.rigs for gpu in rig.gpus)


@dataclass(frozen=True)
class _Known:
    """What the ledger's latest runs say: lanes that hold a ticket, rigs by name, and the pace of each."""

    lanes: Mapping[str, tuple[str, LaneState]]
    rigs: Mapping[str, RigState]
    paces: Mapping[str, Pace]
    median_s: float | None
    nodes: Mapping[str, NodeState]


def fleet_of(installation: Installation, heard: Mapping[str, Heard] | None = None, clock: Clock = utc_now) -> Fleet:
    """Return the fleet as it is known now."""
    settings, now = installation.settings, clock()
    try:
        nodes = load_inventory(settings.cluster_file, settings.transport).nodes
    except InputError:  # what it says may repeat a host or a user
        return Fleet((), UNREADABLE, None)
    known = _known(installation, nodes, now)
    rigs = tuple(_rig(node, known, (heard or {}).get(node.name)) for node in nodes)
    return Fleet(rigs, "", known.median_s)


def _known(installation: Installation, nodes: Sequence[Node], now: datetime) -> _Known:
    """Read the latest runs: of a rig the last one that it was in tells how it is, and how fast."""
    lanes: dict[str, tuple[str, LaneState]] = {}
    rigs: dict[str, RigState] = {}
    paces: dict[str, Pace] = {}
    latest: float | None = None
    engine = installation.engine
    if engine is None:
        return _Known(lanes, rigs, paces, latest, {})
    runs = list_runs(engine, Wanted(), 0, LATEST_RUNS)
    going = list_runs(engine, Wanted(verdict=Ended.RUNNING), 0, LATEST_RUNS)
    with engine.connect() as connection:
        for run in runs:
            rigs = {**{state.node: state for state in rig_states(connection, run.run_id)}, **rigs}
            found = paces_of(recently_spent(connection, run.run_id))
            paces = {**found.rigs, **paces}
            latest = found.all.median_s if latest is None and found.all is not None else latest
        for run in (run for run in going if now - run.created_at < IN_PROGRESS):
            held = (lane for lane in lane_states(connection, run.run_id) if lane.lease_until and lane.lease_until > now)
            lanes |= {lane.lane: (run.run_id, lane) for lane in held}
    states = {node.name: node for node in node_states(engine, nodes)}
    return _Known(lanes, rigs, paces, latest, states)


def _rig(node: Node, known: _Known, heard: Heard | None) -> RigOfFleet:
    state, pace = known.rigs.get(node.name), known.paces.get(node.name)
    taken_out = None if state is None else state.taken_out
    own = known.nodes.get(node.name)
    failed = None if heard is None else heard.failed
    if failed is None and own is not None and own.failing:
        failed = discreet(f"{own.failing[0].finding.check}: {own.failing[0].finding.reason}")
    by, why = _drained(own.drains if own else ())
    if taken_out is not None and state is not None:
        by, why = ("the head" if state.distrusted else "the breaker"), discreet(taken_out)
    elif heard is not None and heard.failed is not None:
        by, why = "deploy", heard.failed
    gpus = tuple(_gpu(node, gpu, known, by, why) for gpu in range(node.gpu.count))
    working = sum(gpu.state is GpuState.WORKING for gpu in gpus)
    return RigOfFleet(
        name=node.name,
        head=node.head,
        vendor=node.gpu.vendor.value,
        state=GpuState.DRAINED if by else GpuState.WORKING if working else GpuState.READY,
        gpus=gpus,
        by=by,
        why=why,
        failed_check=failed,
        seen_at=_latest(None if state is None else state.seen_at, None if heard is None else heard.at),
        per_hour=None if pace is None else pace.per_hour(working or node.slots),
        median_s=None if pace is None else pace.median_s,
        against=None if pace is None else pace.against,
    )


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _drained(drains: Sequence[Drain]) -> tuple[str | None, str | None]:
    """Return who drained something, and why; of several the first."""
    if not drains:
        return None, None
    first = drains[0]
    return (f"check {first.check}" if first.check else first.who), discreet(first.reason)


def _gpu(node: Node, gpu: int, known: _Known, by: str | None, why: str | None) -> GpuLine:
    own = known.nodes.get(node.name)
    state = None if own is None else own.gpus[gpu]
    if by is None and state is not None:
        by, why = _drained(state.drains)
    held = known.lanes.get(Slot(node.name, gpu).label)
    return GpuLine(
        gpu,
        GpuState.WORKING if held else GpuState.DRAINED if by else GpuState.READY,
        works_on=None if held is None else f"trial {held[1].holds} of {held[0]}",
        by=by,
        why=why,
        temperature_c=None if state is None else state.temperature_c,
        load=None if state is None or state.busy_percent is None else state.busy_percent / 100,
    )

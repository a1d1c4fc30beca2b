"""The checks of one GPU each: a function each, of what its driver said and what the rig's log says."""

from __future__ import annotations

import re

from scorer_core.rig import gpus
from scorer_core.rig.health.check import Reading, State
from scorer_core.rig.health.place import PROC, Place, read_text
from scorer_core.rig.programs import ask

TOO_HOT_C = 90.0
RECENT_S = 900.0
DMESG_S = 4.0
_TROUBLE = re.compile(r"ring \w+ timeout|GPU reset|GPU fault|NVRM: Xid|fallen off the bus", re.IGNORECASE)
_MOMENT = re.compile(r"^\[\s*(\d+\.\d+)\]")


def answers(place: Place, gpu: int) -> Reading:
    """Ask whether the driver answers for the GPU."""
    seen = place.of(gpu)
    if seen.unreadable:
        return Reading(State.UNREADABLE, seen.unreadable)
    busy = {} if seen.busy_percent is None else {"busy_percent": seen.busy_percent}
    return Reading.judged(seen.lost or None, **busy)


def temperature(place: Place, gpu: int) -> Reading:
    """Ask whether the GPU is too hot to work on."""
    seen = place.of(gpu)
    if seen.temperature_c is None:
        return _not_told(place, gpu)
    hot = f"{seen.temperature_c:.0f} °C, {TOO_HOT_C:.0f} °C is too hot" if seen.temperature_c >= TOO_HOT_C else None
    return Reading.judged(hot, temperature_c=seen.temperature_c)


def throttling(place: Place, gpu: int) -> Reading:
    """Ask whether its clock is held down."""
    seen = place.of(gpu)
    if seen.throttled is None:
        return _not_told(place, gpu)
    return Reading.judged(f"its clock is held down by {seen.throttled}" if seen.throttled else None)


def memory_errors(place: Place, gpu: int) -> Reading:
    """Ask whether its memory had errors that it could not correct."""
    seen = place.of(gpu)
    if seen.memory_errors is None:
        return _not_told(place, gpu)
    fault = f"{seen.memory_errors} errors of its memory were not corrected" if seen.memory_errors else None
    return Reading.judged(fault, memory_errors=float(seen.memory_errors))


def foreign(place: Place, gpu: int) -> Reading:
    """Ask whether processes that are not ours compute on it."""
    seen = place.of(gpu)
    if seen.lost or seen.unreadable:
        return _not_told(place, gpu)
    found = gpus.processes(gpus.GpuVendor(place.vendor), gpu, seen)
    if isinstance(found, str):
        return Reading(State.UNREADABLE, found)
    others = [(pid, held) for pid, held in found if not is_ours(pid, place)]
    named = ", ".join(f"{pid} ({held:.0f} MiB)" for pid, held in others[:5])
    return Reading.judged(f"other processes compute on it: {named}" if others else None)


def kernel_log(place: Place, gpu: int) -> Reading:
    """Ask whether the kernel told of trouble with it in the last quarter of an hour."""
    seen = place.of(gpu)
    if seen.address is None:
        return _not_told(place, gpu)
    said = ask("dmesg", limit_s=DMESG_S)
    if said.exit_code != 0:
        return Reading(State.UNREADABLE, said.problem or "this login may not read the kernel's log")
    uptime = float((read_text(PROC / "uptime") or "0").split()[0])
    lines = [line for line in said.output.splitlines() if seen.address in line.lower() or _bus(seen.address) in line]
    lately = [line for line in lines if _TROUBLE.search(line) and uptime - _moment(line) <= RECENT_S]
    return Reading.judged(f"the kernel says: {lately[-1][:160]}" if lately else None)


def is_ours(pid: int, place: Place) -> bool:
    """Say whether a process is a worker below our folder of this rig."""
    words = (read_text(PROC / str(pid) / "cmdline") or "").split("\0")
    return any(word.endswith("worker.pyz") for word in words) and f"--root={place.root}" in words


def _not_told(place: Place, gpu: int) -> Reading:
    """Return what stands where a GPU does not tell: many have no such sensor, and one that is lost says nothing."""
    seen = place.of(gpu)
    silent = seen.lost or seen.unreadable
    return Reading(State.UNREADABLE, "the driver does not answer for it") if silent else Reading()


def _bus(address: str) -> str:
    """Return an address as NVIDIA's driver writes it in the log: without the function."""
    return f"PCI:{address.rpartition('.')[0]}"


def _moment(line: str) -> float:
    found = _MOMENT.match(line)
    return float(found[1]) if found else 0.0

"""What nvidia-smi says of each GPU, and what its exit codes mean (`man nvidia-smi`, RETURN VALUE)."""

from __future__ import annotations

from collections.abc import Sequence

from scorer_core.rig.health.place import Vitals
from scorer_core.rig.programs import Said, ask, ask_all

SMI = "nvidia-smi"
COUNT_S, QUERY_S = 15.0, 6.0
_LOST = 15
_BAD_FIELD = 2
_MEANING = {
    3: "the operation is not available on this GPU",
    4: "this login may not ask",
    6: "there is no such GPU",
    8: "its power cables are not attached",
    9: "the NVIDIA driver is not loaded",
    10: "the kernel has trouble with a GPU's interrupt",
    12: "the NVML library was not found",
    14: "its infoROM is corrupted",
    _LOST: "it has fallen off the bus",
}
_FIELDS = ("index", "pci.bus_id", "temperature.gpu", "utilization.gpu")
_MORE = (
    "clocks_throttle_reasons.hw_thermal_slowdown",
    "clocks_throttle_reasons.hw_power_brake_slowdown",
    "ecc.errors.uncorrected.volatile.total",
)
_FORMAT = "--format=csv,noheader,nounits"


def count() -> tuple[int | None, str, str]:
    """Return how many GPUs the driver lists, who said so, and why it is not known where it is None."""
    said = ask(SMI, "-L", limit_s=COUNT_S)
    if said.exit_code != 0:
        return None, SMI, fault(said)
    seen = {line.split(":")[0] for line in said.output.splitlines() if line.startswith("GPU ")}
    return len(seen), SMI, ""


def vitals(gpus: Sequence[int]) -> dict[int, Vitals]:
    """Return what the driver says of GPUs: of all at once, and of each alone where that says nothing of it."""
    fields: tuple[str, ...] = (*_FIELDS, *_MORE)
    chosen = () if len(gpus) != 1 else (f"--id={gpus[0]}",)
    said = ask(SMI, *chosen, f"--query-gpu={','.join(fields)}", _FORMAT, limit_s=QUERY_S)
    if said.exit_code == _BAD_FIELD:  # a driver that knows less, or calls it otherwise
        fields = _FIELDS
        said = ask(SMI, *chosen, f"--query-gpu={','.join(fields)}", _FORMAT, limit_s=QUERY_S)
    found = _rows(said.output)
    missing = [gpu for gpu in gpus if gpu not in found]
    if missing and not chosen and said.problem == "":
        alone = ask_all(SMI, [(f"--id={gpu}", f"--query-gpu={','.join(fields)}", _FORMAT) for gpu in missing], QUERY_S)
    else:
        alone = [said] * len(missing)
    return found | {gpu: _rows(one.output).get(gpu) or _silent(one) for gpu, one in zip(missing, alone, strict=True)}


def foreign(address: str | None) -> list[tuple[int, float]] | str:
    """Return the processes that compute on a GPU with the MiB that each holds, or why they are not known."""
    said = ask(SMI, "--query-compute-apps=gpu_bus_id,pid,used_gpu_memory", _FORMAT, limit_s=QUERY_S)
    if said.exit_code != 0:
        return fault(said)
    rows = [[cell.strip() for cell in line.split(",")] for line in said.output.splitlines()]
    return [
        (int(row[1]), _number(row[2]) or 0.0)
        for row in rows
        if len(row) == 3 and row[1].isdigit() and short(row[0]) == address
    ]


def fault(said: Said) -> str:
    """Return why nvidia-smi gave no answer."""
    if said.exit_code is None:
        return said.problem
    meaning = _MEANING.get(said.exit_code)
    words = meaning or said.output.strip().splitlines()[-1:] or "no words"
    return f"{SMI} ended with exit code {said.exit_code}: {words if isinstance(words, str) else words[0][:200]}"


def short(address: str) -> str:
    """Return a PCI address as the kernel writes it: four digits of domain, lower case."""
    return address.strip().lower()[-12:]


def _silent(said: Said) -> Vitals:
    lost = said.exit_code == _LOST
    return Vitals(lost=fault(said)) if lost or said.exit_code == 6 else Vitals(unreadable=fault(said))


def _rows(output: str) -> dict[int, Vitals]:
    """Read the lines that describe a GPU; others are messages."""
    rows = [[cell.strip() for cell in line.split(",")] for line in output.splitlines()]
    return {
        int(row[0]): _vitals(row)
        for row in rows
        if len(row) in (len(_FIELDS), len(_FIELDS) + len(_MORE)) and row[0].isdigit()
    }


def _vitals(row: list[str]) -> Vitals:
    thermal, brake, errors = (row + ["", "", ""])[len(_FIELDS) :][: len(_MORE)]
    held = [word for cell, word in ((thermal, "heat"), (brake, "the power supply")) if cell == "Active"]
    counted = _number(errors)
    return Vitals(
        address=short(row[1]),
        temperature_c=_number(row[2]),
        busy_percent=_number(row[3]),
        throttled=None if thermal == "" else " and ".join(held),
        memory_errors=None if counted is None else int(counted),
    )


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:  # [N/A], [Not Supported]
        return None

"""What the kernel says of AMD's GPUs: the KFD topology, without graphics that are part of a CPU, and each one's files.

What a node of the topology says is in the kernel's `kfd_topology.c`; which targets are part of a CPU, in LLVM's
"User Guide for AMDGPU Backend", table of processors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scorer_core.rig.health.place import Vitals, read_number, read_text, sys_folder
from scorer_core.rig.programs import ask

SMI = "rocm-smi"
COUNT_S, QUERY_S = 15.0, 6.0
_PARTS_OF_A_CPU = (
    {70000, 80001, 80100, 90002, 90009, 90012, 100103} | {100303, 100305, 100306, 110003} | set(range(110500, 110504))
)


@dataclass(frozen=True)
class KfdNode:
    """A GPU of the topology; `ordinal` counts every GPU of it, also those that are part of a CPU: as ROCm does."""

    ordinal: int
    gpu_id: str
    render_minor: int
    address: str


def count(limit_s: float = COUNT_S) -> tuple[int | None, str, str]:
    """Return how many GPUs there are, who said so, and why it is not known where it is None.

    The kernel's topology is asked, and rocm-smi where there is none.
    """
    if _topology().is_dir():
        try:
            return len(cards()), "kfd", ""
        except OSError as error:
            return None, "kfd", f"the kernel's topology cannot be read: {error.strerror} ({error.filename})"
    said = ask(SMI, "--showid", limit_s=limit_s)
    if said.exit_code != 0:
        return None, SMI, said.problem or f"{SMI} ended with exit code {said.exit_code}"
    seen = {line.split("]")[0] for line in said.output.splitlines() if line.startswith("GPU[")}
    return len(seen), SMI, ""


def cards() -> list[KfdNode]:
    """Return the GPUs of the topology in its order, without those that are part of a CPU.

    Raises:
        OSError: a node of it cannot be read.
    """
    found = []
    ordinal = 0
    for folder in sorted(_topology().iterdir(), key=lambda path: (len(path.name), path.name)):
        facts = _properties(folder)
        if facts.get("simd_count", 0) == 0:
            continue
        if facts.get("cpu_cores_count", 0) == 0 and facts.get("gfx_target_version") not in _PARTS_OF_A_CPU:
            gpu_id = (read_text(folder / "gpu_id") or "").strip()
            found.append(KfdNode(ordinal, gpu_id, facts.get("drm_render_minor", 0), _address(facts)))
        ordinal += 1
    return found


def ordinal(gpu: int) -> int:
    """Return the number by which ROCm knows a GPU of ours: it counts those that are part of a CPU, too."""
    try:
        return cards()[gpu].ordinal
    except (OSError, IndexError):
        return gpu


def vitals(gpus: Sequence[int]) -> dict[int, Vitals]:
    """Return what the kernel says of GPUs; of none, where it shows no topology, more than rocm-smi lists."""
    if not _topology().is_dir():
        seen, _, problem = count(QUERY_S)
        silent = Vitals(lost=f"{SMI} does not list it") if seen is not None else Vitals(unreadable=problem)
        return {gpu: Vitals() if seen is not None and gpu < seen else silent for gpu in gpus}
    try:
        found = cards()
    except OSError as error:
        unreadable = Vitals(unreadable=f"the kernel's topology cannot be read: {error.strerror} ({error.filename})")
        return dict.fromkeys(gpus, unreadable)
    lost = Vitals(lost=f"the kernel's topology has {len(found)} GPUs")
    return {gpu: _vitals(found[gpu]) if gpu < len(found) else lost for gpu in gpus}


def foreign(gpu: int) -> list[tuple[int, float]] | str:
    """Return the processes that hold memory of a GPU with the MiB of each, or why they are not known."""
    try:
        card = cards()[gpu]
        processes = list((sys_folder() / "class/kfd/kfd/proc").iterdir())
    except (OSError, IndexError):
        return "the kernel does not show who uses it"
    held = ((path.name, read_number(path / f"vram_{card.gpu_id}") or 0.0) for path in processes)
    return [(int(name), vram / 2**20) for name, vram in held if name.isdigit() and vram]


def _topology() -> Path:
    return sys_folder() / "class/kfd/kfd/topology/nodes"


def _properties(folder: Path) -> dict[str, int]:
    try:
        text = (folder / "properties").read_text()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _address(facts: dict[str, int]) -> str:
    """Return the PCI address: in `location_id` eight bits are the bus, five the device, three the function."""
    place = facts.get("location_id", 0)
    return f"{facts.get('domain', 0):04x}:{place >> 8 & 0xFF:02x}:{place >> 3 & 0x1F:02x}.{place & 7}"


def _vitals(card: KfdNode) -> Vitals:
    device = sys_folder() / f"class/drm/renderD{card.render_minor}/device"
    if not device.exists():
        return Vitals(address=card.address)  # a driver that shows no graphics device: nothing to read
    sensors = sorted(device.glob("hwmon/hwmon*/temp1_input"))
    temperature = read_number(sensors[0]) if sensors else None
    busy = read_number(device / "gpu_busy_percent")
    if sensors and temperature is None and busy is None:
        return Vitals(lost="the kernel cannot read its sensors: it has fallen off the bus", address=card.address)
    return Vitals(
        address=card.address,
        temperature_c=None if temperature is None else temperature / 1000,
        busy_percent=busy,
        memory_errors=_uncorrected(read_text(device / "ras/umc_err_count")),
    )


def _uncorrected(text: str | None) -> int | None:
    """Return the errors that the memory could not correct, from `ue: 0` of its counters."""
    counts = [line.split(":")[1].strip() for line in (text or "").splitlines() if line.startswith("ue:")]
    return int(counts[0]) if counts and counts[0].isdigit() else None

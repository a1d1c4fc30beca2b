"""A tree that stands in for /sys of a rig with AMD's GPUs, beside a CPU with graphics of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

MIB = 2**20
_VEGA, _PART_OF_A_CPU = 90006, 90012


class FakeKernel:
    """Is /sys of a node; its GPUs are at 60 °C until a test says otherwise."""

    def __init__(self, folder: Path, gpus: int) -> None:
        self.folder = folder
        self.gpus = gpus
        self.mend()

    @property
    def topology(self) -> Path:
        """Return where the kernel lists its GPUs."""
        return self.folder / "class/kfd/kfd/topology/nodes"

    def mend(self) -> None:
        """Let all be well: a CPU, its graphics, and the GPUs."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._node(0, "cpu_cores_count 8\nsimd_count 0\n", gpu_id=0)
        self._node(1, f"cpu_cores_count 0\nsimd_count 8\ngfx_target_version {_PART_OF_A_CPU}\n", gpu_id=99)
        (self.folder / "class/kfd/kfd/proc").mkdir()
        for gpu in range(self.gpus):
            place = f"drm_render_minor {128 + gpu}\nlocation_id {(3 + gpu) << 8}\n"
            self._node(2 + gpu, f"simd_count 240\ngfx_target_version {_VEGA}\n{place}", gpu_id=1000 + gpu)
            self.set(gpu, "60000\n")

    def set(self, gpu: int, temperature: str, busy: str = "50\n", errors: int = 0) -> None:
        """Let the files of a GPU say its temperature in thousandths of a degree, its load, and errors of its memory."""
        device = self.folder / f"class/drm/renderD{128 + gpu}/device"
        for name, text in (
            ("hwmon/hwmon3/temp1_input", temperature),
            ("gpu_busy_percent", busy),
            ("ras/umc_err_count", f"ue: {errors}\nce: 3\n"),
        ):
            (device / name).parent.mkdir(parents=True, exist_ok=True)
            (device / name).write_text(text)

    def lose(self, gpu: int) -> None:
        """Take a GPU from the topology."""
        shutil.rmtree(self.topology / str(2 + gpu))

    def break_node(self) -> None:
        """Let a node of the topology be there, and not be readable."""
        (self.topology / "1/properties").unlink()
        (self.topology / "1/properties").mkdir()

    def hide(self) -> None:
        """Show no topology: a driver that is older than it."""
        shutil.rmtree(self.topology)

    def hold_memory(self, gpu: int, pid: int, mib: int) -> None:
        """Let a process hold memory of a GPU."""
        folder = self.folder / f"class/kfd/kfd/proc/{pid}"
        folder.mkdir(parents=True)
        (folder / f"vram_{1000 + gpu}").write_text(f"{mib * MIB}\n")

    def _node(self, number: int, properties: str, gpu_id: int) -> None:
        folder = self.topology / str(number)
        folder.mkdir(parents=True)
        (folder / "properties").write_text(properties)
        (folder / "gpu_id").write_text(f"{gpu_id}\n")

"""Drivers' programs that do what files beside them say: GPUs that are hot, lost or hidden, and a driver that hangs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BEGIN = """#!/bin/sh
here=$(dirname "$0")
if [ -e "$here/hangs" ]; then setsid sleep 60 & exec sleep 60; fi
hidden=0 # from one of the two that ask at the same time
if [ -e "$here/hides" ] && grep -qzf "$here/hides" "/proc/$PPID/cmdline"; then rm "$here/hides"; hidden=1; fi
"""
_NVIDIA_SMI = """
row() {
    said=$(cat "$here/gpu$1" 2>/dev/null) || exit 6
    case "$said" in exit*) exit "${said#exit }" ;; esac
    echo "$1, 00000000:0$1:00.0, $said"
}
case "$*" in
*compute-apps*) cat "$here/apps" 2>/dev/null || : ;;
-L) for gpu in $(ls -r "$here"/gpu*); do
        [ $hidden = 1 ] && hidden=0 && continue
        said=$(cat "$gpu"); case "$said" in exit*) exit "${said#exit }" ;; esac
        echo "GPU ${gpu##*gpu}: made"
    done ;;
*--id=*) for word in "$@"; do case "$word" in --id=*) row "${word#--id=}" ;; esac; done ;;
*) for gpu in "$here"/gpu*; do row "${gpu##*gpu}"; done ;;
esac
"""
_ROCM_SMI = """
for gpu in $(ls -r "$here"/gpu*); do
    [ $hidden = 1 ] && hidden=0 && continue
    echo "GPU[${gpu##*gpu}]		: Device ID: 0x66af"
done
"""
_DMESG = '#!/bin/sh\n[ ! -e "$(dirname "$0")/log" ] || cat "$(dirname "$0")/log"\n'
_PROGRAMS = {"nvidia-smi": _BEGIN + _NVIDIA_SMI, "rocm-smi": _BEGIN + _ROCM_SMI, "dmesg": _DMESG}


class FakeDriver:
    """Is `nvidia-smi`, or `rocm-smi`, and `dmesg` of a node whose GPUs a test changes."""

    def __init__(self, folder: Path, gpus: int, program: str = "nvidia-smi") -> None:
        self.folder = folder
        self.gpus = gpus
        self.program = folder / program
        folder.mkdir()
        for name in (program, "dmesg"):
            (folder / name).write_text(_PROGRAMS[name])
            (folder / name).chmod(0o755)
        self.mend()

    def mend(self) -> None:
        """Let all be well."""
        for gpu in range(self.gpus):
            self.set(gpu, "60")
        for name in ("hangs", "hides", "apps", "log"):
            (self.folder / name).unlink(missing_ok=True)

    def set(self, gpu: int, said: str, held_by_heat: str = "Not Active", errors: str = "[N/A]") -> None:
        """Let a GPU have a temperature in °C, or be `lost`; its clock held down by heat, or errors of its memory."""
        row = f"{said}, 50, {held_by_heat}, Not Active, {errors}"
        (self.folder / f"gpu{gpu}").write_text("exit 15" if said == "lost" else row)

    def fail(self, gpu: int, exit_code: int) -> None:
        """Let the program end with an exit code when it is asked for a GPU."""
        (self.folder / f"gpu{gpu}").write_text(f"exit {exit_code}")

    def write(self, name: str, text: str) -> None:
        """Write what the program says of who computes (`apps`), or the kernel's `log`."""
        (self.folder / name).write_text(text)

    def hang(self, hangs: bool) -> None:
        """Let the program hang, with a child that no signal to it reaches and that holds its output; or work again."""
        if hangs:
            (self.folder / "hangs").touch()
        else:
            (self.folder / "hangs").unlink()

    def hide_once(self, command: str = "health") -> None:
        """Let the program list a GPU less when the worker's `health` asks next, or its `probe`, and all after that."""
        (self.folder / "hides").write_text(f"^{command}$")

    @contextmanager
    def missing(self) -> Iterator[None]:
        """Let the program be nowhere."""
        away = self.program.rename(self.folder / "away")
        try:
            yield
        finally:
            away.rename(self.program)

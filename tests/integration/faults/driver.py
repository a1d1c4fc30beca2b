"""A driver's program that does what files beside it say: GPUs that are hot or lost, and a driver that hangs."""

from __future__ import annotations

from pathlib import Path

_PROGRAM = """#!/bin/sh
here=$(dirname "$0")
if [ -e "$here/hangs" ]; then setsid sleep 60 & exec sleep 60; fi
row() {
    said=$(cat "$here/gpu$1" 2>/dev/null) || exit 6
    [ "$said" = lost ] && exit 15
    echo "$1, 00000000:0$1:00.0, $said, 50, Not Active, Not Active, [N/A]"
}
case "$*" in
*compute-apps*) ;;
-L) for gpu in "$here"/gpu*; do [ "$(cat "$gpu")" = lost ] && exit 15; echo "GPU ${gpu##*gpu}: made"; done ;;
*--id=*) for word in "$@"; do case "$word" in --id=*) row "${word#--id=}" ;; esac; done ;;
*) for gpu in "$here"/gpu*; do row "${gpu##*gpu}"; done ;;
esac
"""


class FakeDriver:
    """Is `nvidia-smi` of a node whose GPUs a test changes."""

    def __init__(self, folder: Path, gpus: int) -> None:
        self.folder = folder
        folder.mkdir()
        program = folder / "nvidia-smi"
        program.write_text(_PROGRAM)
        program.chmod(0o755)
        for gpu in range(gpus):
            self.set(gpu, "60")

    def set(self, gpu: int, said: str) -> None:
        """Let a GPU have a temperature in °C, or be `lost`."""
        (self.folder / f"gpu{gpu}").write_text(said)

    def hang(self, hangs: bool) -> None:
        """Let the program hang, with a child that no signal to it reaches and that holds its output; or work again."""
        if hangs:
            (self.folder / "hangs").touch()
        else:
            (self.folder / "hangs").unlink()

"""What a test needs from the machine: skipped without it at a desk, failed without it in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

_DEBIAN_PACKAGES = {
    "sshd": "openssh-server",
    "ssh": "openssh-client",
    "initdb": "postgresql",
    "ip": "iproute2",
    "ssh-keygen": "openssh-client",
    "systemd-analyze": "systemd",
}
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # not on a normal user's PATH
_POSTGRES_FOLDERS = Path("/usr/lib/postgresql")  # one a version, on nobody's PATH


def require_program(name: str) -> Path:
    """Return where a program is, or skip the test; fail it where CI is set, for there nothing is left out."""
    postgres = sorted(str(folder) for folder in _POSTGRES_FOLDERS.glob("*/bin"))
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS, *reversed(postgres)])
    found = shutil.which(name, path=path)
    if found is None:
        package = _DEBIAN_PACKAGES.get(name, name)
        message = f"this test needs the program {name}. Install it: apt-get install {package}"
        leave_out(message)
    return Path(found).resolve()


def leave_out(message: str) -> NoReturn:
    """Skip at a desk, fail in CI: there nothing is left out."""
    if os.environ.get("CI"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)

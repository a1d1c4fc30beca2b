"""Folders for what a process of tests makes once and copies often."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path


def folder_until_exit() -> Path:
    """Make a folder that is gone with this process."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return folder

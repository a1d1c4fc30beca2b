"""Prints the journals of one run. Argument: the run's folder. Prints one JSON object, name to text."""

from __future__ import annotations

import glob
import json
import os
import sys


def journals(folder: str) -> dict[str, str]:
    """Return each journal of the folder; none when the folder is not there."""
    texts = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "gpu*.jsonl"))):
        with open(path, encoding="utf-8", errors="replace") as stream:
            texts[os.path.basename(path)] = stream.read()
    return texts


if __name__ == "__main__":
    print(json.dumps(journals(sys.argv[1])))

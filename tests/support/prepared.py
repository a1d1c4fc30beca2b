"""The one builder of prepared runs: an installation below a folder, a pool where Step 1 leaves it, a run on it.

By default the nodes are folders of this machine, reached by the transport `local`; tests that start servers give
their entries, or the inventory's file, and `transport="ssh"`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scorer_core.context import RunContext
from scorer_core.pool.files import write_columns
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.sweep import shards
from scorer_core.settings import Settings
from scorer_core.steps.prepare_run import prepare_run
from tests.support.own_database import database_of

SHARDS = 24
"""Enough for a test: each costs what is written and asked of it, however little it holds."""
POOL_NAME = "bidirectional_survivors_binary.npz"


def make_settings(home: Path, *nodes: dict[str, Any], **changes: Any) -> Settings:
    """Return the settings of an installation below `home`, its inventory written there unless `cluster_file` is one.

    Its head sweeps no pool after a search that sampled, which takes seconds, unless a test says so.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / "data").mkdir(exist_ok=True)
    if "cluster_file" not in changes:
        entries = nodes or (make_node(home, "head", head=True), make_node(home, "rig-a"))
        (home / "cluster.yaml").write_text(yaml.safe_dump({"nodes": list(entries)}))
    own: dict[str, Any] = {"home": home, "transport": "local", "head_sweep_rows": 0}
    if "database_url" not in changes:
        own["database_url"] = database_of(home)
    return Settings.model_validate({**own, **changes})


def make_node(home: Path, name: str, **changes: Any) -> dict[str, Any]:
    """Return an entry of the inventory whose root is a folder below `home`."""
    entry: dict[str, Any] = {
        "name": name,
        "python": sys.executable,
        "root": str(home / "rigs" / name),
        "gpu": {"vendor": "nvidia", "count": 2},
    }
    return {**entry, **changes}


def write_pool(settings: Settings, pool: Pool, name: str = POOL_NAME) -> None:
    """Write a pool where Step 1 leaves it."""
    write_columns(settings.data_dir / name, pool.to_columns())


def prepared(settings: Settings, pool: Pool, run_id: str = "run-1", **conf: Any) -> RunContext:
    """Write a pool where Step 1 leaves it and prepare a run on it; a sweep has SHARDS tickets, where 143 is usual."""
    write_pool(settings, pool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "FEWEST_SHARDS", SHARDS)
        return prepare_run(settings, run_id, conf)

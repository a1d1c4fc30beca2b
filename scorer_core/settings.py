"""Settings of the installation: one frozen table, read from the environment, prefix `SCORER_`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scorer_core.errors import SettingsError
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.notify import Notifies
from scorer_core.refused import Refused
from scorer_core.refused import in_words as refused_words
from scorer_core.run.store import is_url, open_store
from scorer_core.scoring.limits import CACHE_MB
from scorer_core.validation import problems, unknown_key
from scorer_core.verify import Verify, in_words

PREFIX = "SCORER_"
_RIG_PREFIX = "SCORER_RIG_"  # read on the rig, by the GPU probe
_BELOW_HOME = {
    "data_dir": "data",
    "runs_dir": "runs",
    "publish_dir": "published",
    "cluster_file": "cluster.yaml",
}


class Settings(BaseModel):
    """Where things are and how long they are kept. Every field is documented in docs/operations.md."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    home: Path = Field(Path("~/scorer"), description="folder that holds everything below by default")
    data_dir: Path = Field(description="pools: `survivors_path` is below it; default HOME/data")
    runs_dir: str = Field(description="one folder per run, or a URL of an installed store; default HOME/runs")
    publish_dir: Path = Field(description="optimal_scorer_config.json and its archive; default HOME/published")
    cluster_file: Path = Field(description="the inventory of nodes; default HOME/cluster.yaml")
    database_url: str = Field(
        repr=False, description="SQLAlchemy URL of ledger and study of record; default sqlite in HOME/scorer.db"
    )
    schedule: str = Field("0 3 * * 0", description="cron expression of the DAG in UTC, or `none`")
    fleet_schedule: str = Field("none", description="cron expression of the DAG scorer_fleet in UTC, or `none`")
    transport: str = Field("ssh", description="how nodes are reached: a name in the group scorer.transports")
    queue: str | None = Field(None, min_length=1, description="executor queue of the tasks; Airflow's own unless set")
    pool: str | None = Field(None, min_length=1, description="Airflow pool of the tasks; Airflow's own unless set")
    lane_queue: str | None = Field(None, min_length=1, description="queue of the lanes, if another")
    lane_pool: str | None = Field(None, min_length=1, description="pool of the lanes, if another")
    keep_runs: int = Field(20, ge=1, description="runs whose artifacts are kept on every node, at least")
    keep_days: float = Field(30.0, gt=0, description="days that older runs' artifacts are kept")
    silence_s: float = Field(20.0, ge=1, description="seconds without a sign of life before a worker is given up")
    reconnect_s: float = Field(90.0, gt=0, description="seconds that a lane tries to replace a lost connection")
    rig_cache_mb: int = Field(CACHE_MB, ge=1, description="MiB that a worker may hold of residues already computed")
    head_sweep_rows: int = Field(
        100_000, ge=0, description="rows up to which the head sweeps a pool after a search that sampled it"
    )
    alpha: float = Field(
        0.01, gt=0, le=0.05, description="chance to publish noise even once, for the installation's life"
    )
    strata: StrataRule = Field(
        StrataRule.TRIAL, description="`trial`: labels are compared within Step 1 trials; `none`: over the whole pool"
    )
    min_growth: float = Field(
        0.0, ge=0, description="share of rows by which a pool has to grow since the last decision to be decided anew"
    )
    verify: Verify = Field(Verify.SAMPLE, description=f"which shards are swept again: {in_words()}")
    refused: Refused = Field(Refused.FAILED, description=f"how a run ends that found nothing real: {refused_words()}")
    notify: Notifies = Field((), repr=False, description="JSON list of Airflow notifiers, each with what it tells")
    health_s: float = Field(30.0, ge=0, description="seconds between a lane's looks at its GPU; 0 is never")
    slow_rig: Literal["tell", "drain"] = Field(
        "tell", description="what becomes of a rig that was slow in a run: `tell` of it, or `drain` it, too"
    )
    lease_grace_s: float = Field(30.0, gt=0, description="seconds beyond the trial time-out before a lease expires")

    @model_validator(mode="before")
    @classmethod
    def _defaults_below_home(cls, values: Any) -> Any:
        home = _absolute("home", values.get("home", cls.model_fields["home"].default))
        filled: dict[str, Any] = {name: home / folder for name, folder in _BELOW_HOME.items()}
        filled |= {name: _place(name, values[name]) for name in _BELOW_HOME if name in values}
        filled["runs_dir"] = str(filled["runs_dir"])
        return {"database_url": _sqlite(home / "scorer.db"), **values, **filled, "home": home}

    def environment(self) -> dict[str, str]:
        """Return the variables that give a child process these settings."""
        given = self.model_dump(mode="json", exclude_none=True)
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        return {f"{PREFIX}{name.upper()}": value for name, value in texts.items()}


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a variable is unknown or has no sense; the value is not repeated, it may be secret.
    """
    source = os.environ if environ is None else environ
    values = {
        key[len(PREFIX) :].lower(): value
        for key, value in source.items()
        if key.startswith(PREFIX) and not key.startswith(_RIG_PREFIX)
    }
    for name in values:
        if name not in Settings.model_fields:
            known = [PREFIX + field.upper() for field in Settings.model_fields]
            raise SettingsError(unknown_key("environment", PREFIX + name.upper(), known))
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("environment: " + problems(error, show_values=False, rename=_variable)) from None


def _place(name: str, value: str | Path) -> str | Path:
    """Return where something is: an absolute path or, of the run folders, a URL."""
    if name != "runs_dir" or not is_url(str(value)):
        return _absolute(name, value)
    try:
        return open_store(str(value)).location
    except SettingsError as error:
        raise ValueError(f"{_variable(name)}: {error}") from None


def _absolute(name: str, path: str | Path) -> Path:
    """Return a path that means the same in every process, wherever it runs."""
    if not str(path):
        raise ValueError(f"{_variable(name)} must not be empty; unset it to use the default")
    if is_url(str(path)):
        raise ValueError(f"{_variable(name)} is a URL; only {_variable('runs_dir')} may be one")
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        raise ValueError(
            f"{_variable(name)} begins with ~ and the name of nobody on this machine, or HOME is not set"
        ) from None


def _sqlite(path: Path) -> str:
    """Return the URL of a SQLite file, whatever characters its path has."""
    return f"sqlite:///{quote(str(path))}"


def _variable(field: str) -> str:
    name, dot, inside = field.partition(".")
    return PREFIX + name.upper() + dot + inside

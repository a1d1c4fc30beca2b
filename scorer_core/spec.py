"""RunSpec: what one run does, frozen when it is prepared; read from every release's records."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from enum import Enum
from typing import Any, Self

from pydantic import Field

from scorer_core.conf import HEAD_PERMUTATIONS, SEED_LIMIT, RunConf
from scorer_core.engines import traits_of
from scorer_core.errors import SpecError
from scorer_core.held import Held, Source, hold
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import UNSEEN_DEFAULTS, objective_params, search_space

SPEC_VERSION = 2
"""The version of a stored spec: raise it when a field changes its name or its meaning, and read the older ones.

Version 1, which release 0.1.0 wrote without saying so, is what runs did before they held parameters. A new field needs
no new version; it needs a default which is what runs did before it.
"""
_VERSION_KEY = "version"
_SETTLED = ("n_trials", "min_completion", "seed")
"""What a conf may leave to the engine."""
_IN_VERSION_1 = {"search": "tpe", "n_trials": 100, "sample_size": 5000, "min_completion": 0.95}


class RunSpec(RunConf):
    """What a run does: its conf, and what that left open as it was settled when the run was prepared.

    `held` are the parameters that are not searched, each with its value and where that comes from.
    """

    n_trials: int
    min_completion: float
    held: dict[str, Held] = Field(default_factory=dict)

    @classmethod
    def from_conf(cls, conf: Mapping[str, Any], published: Mapping[str, Any] | None = None) -> RunSpec:
        """Check a conf, however it came, and return the frozen spec; `published` is the published config, if any.

        Raises:
            SpecError: a key is unknown, a value is out of range, or what is given could have no effect.
        """
        return cls.of(RunConf.checked(conf), published)

    @classmethod
    def of(cls, conf: RunConf, published: Mapping[str, Any] | None = None, slots: int = 1) -> RunSpec:
        """Settle what a conf leaves open, but for the seed, for a run on so many slots; what it gives stands."""
        traits = traits_of(conf.search)
        held = hold(conf.mask_policy, conf.fixed_params, published)
        pinned = {name: conf.fixed_params[name] for name in _pinned(conf.mask_policy, held)}
        settled = {
            "n_trials": conf.n_trials or traits.budget(conf.mask_policy, pinned, slots),
            "min_completion": conf.min_completion or traits.completion,
        }
        return cls.model_construct(**{**dict(conf), **settled, "held": held})

    def obeys(self, conf: RunConf) -> bool:
        """Say whether this is what a conf asks for: all that is given there stands here."""
        asked = dict(conf)
        left_open = [name for name in _SETTLED if asked[name] is None]
        return all(getattr(self, name) == value for name, value in asked.items() if name not in left_open)

    def with_seed(self) -> Self:
        """Return the spec with a seed: its own, or one drawn now; without one where the engine draws nothing."""
        if self.seed is not None or traits_of(self.search).walks_grid:
            return self
        return self.model_copy(update={"seed": secrets.randbelow(SEED_LIMIT)})

    @property
    def held_values(self) -> dict[str, ParamValue]:
        """Return the parameters that are not searched, by name."""
        return {name: held.value for name, held in self.held.items()}

    @property
    def pinned(self) -> dict[str, ParamValue]:
        """Return those that the objective sees and that are not searched: they leave a smaller space."""
        return {name: self.held[name].value for name in _pinned(self.mask_policy, self.held)}

    @property
    def sources(self) -> dict[str, Source]:
        """Return of each parameter where its value comes from."""
        names = [param.name for param in search_space(self.mask_policy)]
        return {name: self.held[name].source if name in self.held else Source.SEARCHED for name in names}

    @property
    def permuted_by_lanes(self) -> int:
        """Return how many permutations the lanes of a run on rigs count: all, or none that the head counts, too."""
        asked = self.evidence_permutations or 0
        return asked if asked > HEAD_PERMUTATIONS else 0

    @property
    def tries_everything(self) -> bool:
        """Say whether the search tries every config that is not pinned away, on all rows."""
        return traits_of(self.search).walks_grid and self.sample_size is None

    @property
    def finds_optimum(self) -> bool:
        """Say whether the search tries every config of the whole space on all rows."""
        return self.tries_everything and not self.pinned

    def to_record(self) -> dict[str, Any]:
        """Return the spec as it is stored: a JSON object with its version; `from_record` reads it back."""
        return {_VERSION_KEY: SPEC_VERSION, **self.model_dump(mode="json")}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> RunSpec:
        """Read a spec that some release stored, without the rules for a conf: what was run stays readable.

        A field that this release does not know is dropped; one that the record lacks takes its default.

        Raises:
            SpecError: it is none, it is of a newer version, or the value of an enum is not known here.
        """
        try:
            return cls._from_record(record)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise SpecError(
                f"a stored run's spec cannot be read ({type(error).__name__}: {error}). "
                "Restore the ledger from a backup."
            ) from None

    @classmethod
    def _from_record(cls, record: Mapping[str, Any]) -> RunSpec:
        version = record.get(_VERSION_KEY, 1)
        if not isinstance(version, int) or version > SPEC_VERSION:
            raise SpecError(
                f"a stored run has a spec of version {version!r}; this release reads versions up to {SPEC_VERSION}. "
                "Install the release that made the run."
            )
        current = _from_version_1(record) if version == 1 else record
        known = {name: _of_kind(name, current[name], cls) for name in cls.model_fields if name in current}
        held = {name: Held(one["value"], Source(one["source"])) for name, one in current.get("held", {}).items()}
        return cls.model_construct(**{**known, "held": held})


def _pinned(policy: MaskPolicy, held: Mapping[str, Held]) -> list[str]:
    return [name for name in objective_params(policy) if name in held]


def _from_version_1(record: Mapping[str, Any]) -> dict[str, Any]:
    """Say in today's words what a run of version 1 did: it searched all eleven, or swept and took the defaults."""
    swept = record.get("search") == "sweep"
    held = {name: {"value": value, "source": Source.DEFAULT} for name, value in UNSEEN_DEFAULTS.items()}
    return {**_IN_VERSION_1, **record, "held": held if swept else {}}


def _of_kind(name: str, value: Any, spec: type[RunSpec]) -> Any:
    """Return a stored value, an enum's as its member."""
    kind = spec.model_fields[name].annotation
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return value
    try:
        return kind(value)
    except ValueError:
        raise SpecError(
            f"a stored run has {name} {value!r}, which this release does not know. "
            "Install the release that made the run."
        ) from None

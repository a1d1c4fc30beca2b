"""RunSpec: the frozen parameters of one run, and the only way from a conf to them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scorer_core.engines import SearchEngine, in_words, traits_of
from scorer_core.errors import SpecError
from scorer_core.scoring.policies import MaskPolicy, rules_of
from scorer_core.validation import problems, unknown_key

SPEC_VERSION = 1
"""The version of a stored spec: raise it when a field changes its name or its meaning, and read the older ones.

Release 0.1.0 wrote version 1 without saying so. A new field needs no new version; it needs a default which is what runs
did before it.
"""
_VERSION_KEY = "version"
_SEED_LIMIT = 2**31
SampleSize = Annotated[int, Field(ge=50)]
Seed = Annotated[int, Field(ge=0, lt=_SEED_LIMIT)]


class RunSpec(BaseModel):
    """What a run does, fixed from `prepare_run` on. The DAG's params are made from this class."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    n_trials: int = Field(
        100,
        ge=1,
        le=100_000,
        description="Trials in the budget: exactly so many are run; a sweep has its own number.",
    )
    sample_size: SampleSize | None = Field(
        5000, description="Rows that each trial scores, at least 50; empty (null), or a sweep, means all search rows."
    )
    mask_policy: MaskPolicy = Field(
        MaskPolicy.MAX_OFFSET,
        strict=False,
        description="How far into a modulus a residue still votes. "
        + "; ".join(f"{policy.value}: {rules_of(policy).words}" for policy in MaskPolicy)
        + ".",
    )
    search: SearchEngine = Field(
        SearchEngine.TPE,
        strict=False,
        description=f"How configs are chosen: {in_words()}.",
    )
    seed: Seed | None = Field(None, description="Seed of the search; empty (null) draws one and records it.")
    survivors_path: str = Field(
        "bidirectional_survivors_binary.npz", min_length=1, description="Step 1's pool, below the data directory."
    )
    min_gpus: int = Field(1, ge=1, le=10_000, description="Healthy GPUs that the run needs at least.")
    min_completion: float = Field(0.95, gt=0.0, le=1.0, description="Share of the budget that must complete.")
    alpha: float = Field(
        0.01, gt=0.0, lt=1.0, description="Chance to publish noise, spent over all decisions on a pool."
    )
    min_lift: float = Field(1.10, ge=1.0, le=100.0, description="Smallest holdout lift that is worth publishing.")
    trial_timeout_s: float = Field(60.0, ge=1.0, le=86_400.0, description="Seconds before a trial counts as timed out.")
    require_approval: bool = Field(False, description="Whether a human must approve in the Airflow UI before publish.")

    @model_validator(mode="before")
    @classmethod
    def _as_its_engine_is(cls, values: Any) -> Any:
        """Give a run what its engine itself fixes, as a sweep its budget: a ticket a shard, on all rows."""
        if not isinstance(values, dict):
            return values
        fields = cls.model_fields
        try:
            engine = SearchEngine(values.get("search", fields["search"].default))
            policy = MaskPolicy(values.get("mask_policy", fields["mask_policy"].default))
        except ValueError:
            return values  # the fields' own check says what is wrong
        return {**values, **traits_of(engine).own_rules(policy)}

    @classmethod
    def from_conf(cls, conf: Mapping[str, Any]) -> Self:
        """Check a conf, however it came, and return the frozen spec.

        Raises:
            SpecError: a key is unknown (with the nearest known one) or a value is out of range.
        """
        for key in conf:
            if key not in cls.model_fields:
                raise SpecError(unknown_key("conf", str(key), cls.model_fields))
        try:
            return cls.model_validate(dict(conf))
        except ValidationError as error:
            raise SpecError("conf: " + problems(error)) from None

    def to_record(self) -> dict[str, Any]:
        """Return the spec as it is stored: a JSON object with its version; `from_record` reads it back."""
        return {_VERSION_KEY: SPEC_VERSION, **self.model_dump(mode="json")}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> RunSpec:
        """Read a spec that some release stored, without the rules for a conf: what was run stays readable.

        A field that this release does not know is dropped; one that the record lacks takes its default.

        Raises:
            SpecError: it is of a newer version, or the value of an enum is not known here.
        """
        version = record.get(_VERSION_KEY, SPEC_VERSION)
        if not isinstance(version, int) or version > SPEC_VERSION:
            raise SpecError(
                f"a stored run has a spec of version {version!r}; this release reads versions up to {SPEC_VERSION}. "
                "Install the release that made the run."
            )
        known = {name: _of_kind(name, record[name], cls) for name in cls.model_fields if name in record}
        return cls.model_construct(**known)

    def with_seed(self) -> Self:
        """Return the spec with a seed: its own, or one drawn now."""
        if self.seed is not None:
            return self
        return self.model_copy(update={"seed": secrets.randbelow(_SEED_LIMIT)})


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

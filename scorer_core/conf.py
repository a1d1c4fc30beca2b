"""RunConf: what an operator may say of a run. The DAG's params, its form and the command line are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scorer_core.engines import SAMPLED_TRIALS, SearchEngine, in_words, samplers, traits_of
from scorer_core.errors import SpecError
from scorer_core.scoring.params import ParamValue
from scorer_core.scoring.policies import MaskPolicy, rules_of
from scorer_core.scoring.space import objective_params, search_space
from scorer_core.validation import problems, unknown_key

SEED_LIMIT = 2**31
HEAD_PERMUTATIONS = 20
"""So many the head counts in some ten seconds; of a run on rigs that asks for more, the lanes count all."""
Budget = Annotated[int, Field(ge=1, le=100_000)]
SampleSize = Annotated[int, Field(ge=50)]
Seed = Annotated[int, Field(ge=0, lt=SEED_LIMIT)]
Timeout = Annotated[float, Field(ge=1.0, le=86_400.0)]
Permutations = Annotated[int, Field(ge=0, le=1_000)]
Completion = Annotated[float, Field(gt=0.0, le=1.0)]


class RunConf(BaseModel):
    """What a run is asked to do. What is given is obeyed or refused; null leaves it to the engine."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    search: SearchEngine = Field(
        SearchEngine.SWEEP,
        strict=False,
        description=f"How configs are chosen: {in_words()}.",
    )
    n_trials: Budget | None = Field(
        None,
        description=f"Trials in the budget of {samplers()}, exactly so many are run; empty (null) means "
        f"{SAMPLED_TRIALS}. A sweep refuses a number: it tries every config.",
    )
    sample_size: SampleSize | None = Field(
        None,
        description="Rows that each trial scores, at least 50, with every engine: a sweep on 450 rows is a sweep on "
        "the same 450 rows in every shard; empty (null) means all.",
    )
    mask_policy: MaskPolicy = Field(
        MaskPolicy.MAX_OFFSET,
        strict=False,
        description="How far into a modulus a residue still votes. "
        + "; ".join(f"{policy.value}: {rules_of(policy).words}" for policy in MaskPolicy)
        + ".",
    )
    fixed_params: dict[str, ParamValue] = Field(
        {},
        description='Parameters that are not searched, with their values, as {"dropout": 0.2}: any of the eleven. One '
        "that the objective cannot see is never searched: it keeps its published value unless it is given here.",
    )
    seed: Seed | None = Field(
        None,
        description=f"Seed of {samplers()}; empty (null) draws one and records it. A sweep refuses one: it draws "
        "nothing.",
    )
    survivors_path: str = Field(
        "bidirectional_survivors_binary.npz", min_length=1, description="Step 1's pool, below the data directory."
    )
    min_gpus: int = Field(1, ge=1, le=10_000, description="Healthy GPUs that the run needs at least.")
    min_completion: Completion | None = Field(
        None,
        description="Share of the budget that must complete; empty (null) means 0.95, and all shards of a sweep, "
        "which refuses less: with a shard missing it proves nothing.",
    )
    min_lift: float = Field(
        1.10,
        ge=1.0,
        le=100.0,
        description="Smallest lift that is worth publishing, measured on rows that no config was picked on.",
    )
    evidence_permutations: Permutations | None = Field(
        None,
        description="How often labels are permuted within Step 1 trials, to show beside the verdict what the best of "
        f"the whole space comes to by chance; 0 to 1,000. Up to {HEAD_PERMUTATIONS} the head counts at the gate; more, "
        f"the lanes, after the search. Empty (null) means {HEAD_PERMUTATIONS} where that takes the head some ten "
        "seconds, else none.",
    )
    trial_timeout_s: Timeout | None = Field(
        None,
        description="Seconds before a trial, or a shard of a sweep, counts as timed out; empty (null) means ten times "
        "what deploy_worker finds that one takes on its node.",
    )
    require_approval: bool = Field(False, description="Whether a human must approve in the Airflow UI before publish.")

    @classmethod
    def checked(cls, conf: Mapping[str, Any]) -> Self:
        """Check a conf, however it came, and return it.

        Raises:
            SpecError: a key is unknown (with the nearest known one), a value is out of range, or what is given could
                have no effect.
        """
        for key in conf:
            if key not in RunConf.model_fields:
                raise SpecError(unknown_key("conf", str(key), RunConf.model_fields))
        try:
            checked = cls.model_validate(dict(conf))
        except ValidationError as error:
            raise SpecError("conf: " + problems(error)) from None
        for problem in (checked._without_effect(), checked._wrongly_fixed()):
            if problem:
                raise SpecError(f"conf: {problem}")
        return checked

    def _without_effect(self) -> str:
        """Return what the engine would not heed, an empty string when it heeds everything."""
        traits = traits_of(self.search)
        for name, reason in traits.refuses.items():
            value = getattr(self, name)
            if value is not None:
                return (
                    f"{name} is {value}, but {reason}. Leave {name} out, or let {samplers()} search: "
                    f'{{"search": "tpe", "{name}": {value}}}.'
                )
        if traits.walks_grid and self.min_completion not in (None, 1.0):
            return (
                f"min_completion is {self.min_completion:g}, but a sweep with a shard missing proves nothing: "
                "it needs all of them. Leave min_completion out."
            )
        if not traits.walks_grid and set(objective_params(self.mask_policy)) <= set(self.fixed_params):
            return (
                f"fixed_params leaves {self.search} nothing to search: every trial would try the same config. "
                "Leave search out: a sweep tries what is left, once."
            )
        return ""

    def _wrongly_fixed(self) -> str:
        """Return what is wrong with the fixed parameters, an empty string when nothing is."""
        space = {param.name: param for param in search_space(self.mask_policy)}
        for name, value in self.fixed_params.items():
            if name not in space:
                return f"{unknown_key('fixed_params', name, space)} (mask_policy is {self.mask_policy.value})"
            if not space[name].contains(value):
                return f"fixed_params: {name} is {value!r}; it must be {space[name].describe()}."
        return ""

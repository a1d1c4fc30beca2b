"""Which config a trial tries: Optuna's samplers, fed from the ledger, one process at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from scorer_core.scoring.space import ChoiceParam, IntParam, MaskPolicy, Param, search_space
from scorer_core.search.records import Ticket
from scorer_core.search.tables import TicketState
from scorer_core.spec import RunSpec, SearchEngine

optuna.logging.set_verbosity(optuna.logging.WARNING)  # a study per ticket is no news


def suggest(spec: RunSpec, number: int, tickets: Iterable[Ticket]) -> dict[str, Any]:
    """Return the parameters for ticket `number`, given everything that is known so far.

    Finished trials are fed with their values, leased ones as running, so that TPE's constant liar
    keeps concurrent lanes apart. Seeded from the run's seed and the number: a random search asks
    for the same configs whatever the order of the lanes.
    """
    study = optuna.create_study(direction="maximize", sampler=sampler_for(spec, number))
    space = distributions(spec.mask_policy)
    if spec.search is SearchEngine.TPE:
        study.add_trials(
            known_trial(ticket, space) for ticket in tickets if ticket.params is not None and ticket.number != number
        )
    return dict(study.ask(fixed_distributions=space).params)


def distributions(policy: MaskPolicy) -> dict[str, BaseDistribution]:
    """Return Optuna's view of the search space."""
    return {param.name: _distribution(param) for param in search_space(policy)}


def known_trial(ticket: Ticket, space: dict[str, BaseDistribution]) -> FrozenTrial:
    """Return a ticket that has parameters as an Optuna trial: complete, failed, or running."""
    params = {name: (ticket.params or {})[name] for name in space}
    if ticket.state is TicketState.DONE and ticket.result is not None:
        value = ticket.result.evaluation["objective"]
        return create_trial(state=TrialState.COMPLETE, value=value, params=params, distributions=space)
    state = TrialState.FAIL if ticket.state is TicketState.FAILED else TrialState.RUNNING
    return create_trial(state=state, params=params, distributions=space)


def sampler_for(spec: RunSpec, number: int) -> optuna.samplers.BaseSampler:
    """Return the sampler of one ticket, seeded from the run's seed and the ticket's number."""
    seed = int(np.random.SeedSequence([spec.seed or 0, number]).generate_state(1)[0])
    if spec.search is SearchEngine.RANDOM:
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed)


def _distribution(param: Param) -> BaseDistribution:
    if isinstance(param, ChoiceParam):
        return CategoricalDistribution(param.choices)
    if isinstance(param, IntParam):
        return IntDistribution(param.low, param.high)
    return FloatDistribution(param.low, param.high, log=param.log)

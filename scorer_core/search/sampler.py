"""Which config a trial tries: Optuna's samplers, fed from the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable
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

from scorer_core.engines import SearchEngine
from scorer_core.errors import assert_never
from scorer_core.ledger.records import Progress, Ticket
from scorer_core.run.trials import TicketState, Trial
from scorer_core.scoring.params import ChoiceParam, FloatParam, IntParam, Param, Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import MODULI, objective_space, search_space
from scorer_core.spec import RunSpec

optuna.logging.set_verbosity(optuna.logging.WARNING)  # a study per ticket is no news


class Suggester:
    """Suggests parameters for a run's tickets, and remembers what it was told of them; one lane's own.

    An Optuna study in memory: a ticket is added to it once, and told its value once, so that an ask
    costs what is new, not what is known.
    """

    def __init__(self, spec: RunSpec) -> None:
        self._spec = spec
        self._space = asked_space(spec)
        self._study = optuna.create_study(direction="maximize")
        self._running: dict[int, tuple[int, dict[str, Any]]] = {}  # by ticket: the study's trial, its parameters
        self._size = 0
        self._settled: set[int] = set()
        self._first_unsettled = 0

    @property
    def first_unsettled(self) -> int:
        """Return the lowest ticket number whose end is not known yet: all news are from there on."""
        while self._first_unsettled in self._settled:
            self._settled.remove(self._first_unsettled)
            self._first_unsettled += 1
        return self._first_unsettled

    def suggest(self, number: int, news: Iterable[Progress | Ticket]) -> dict[str, Any]:
        """Return all parameters for ticket `number`, given what is known and the tickets in `news`.

        Finished trials are fed with their values, leased ones as running, so that TPE's constant liar
        keeps concurrent lanes apart. Seeded from the run's seed and the number: a random search asks
        for the same configs whatever the order of the lanes.
        """
        for ticket in news:
            if ticket.params is not None and ticket.number != number:
                self._learn(ticket)
        self._study.sampler = sampler_for(self._spec, number)
        trial = self._study.ask(fixed_distributions=self._space)
        self._size = trial.number + 1
        params = whole_params(trial.params, self._spec)
        self._running[number] = (trial.number, {name: params[name] for name in self._space})
        return params

    def _learn(self, ticket: Progress | Ticket) -> None:
        """Add a ticket to the study, or tell how one that is running there has ended."""
        if ticket.number < self._first_unsettled or ticket.number in self._settled:
            return
        seen = known_trial(ticket, self._space)
        running, params = self._running.get(ticket.number, (None, None))
        if running is not None and params != seen.params:  # another lane was quicker to give it parameters
            self._study.tell(running, state=TrialState.FAIL)
            running = None
        if running is None:
            self._study.add_trial(seen)
            self._running[ticket.number] = (self._size, seen.params)
            self._size += 1
        elif seen.state is not TrialState.RUNNING:
            self._study.tell(running, seen.value, state=seen.state)
        if seen.state is not TrialState.RUNNING:
            del self._running[ticket.number]
            self._settled.add(ticket.number)


def distributions(policy: MaskPolicy, held: Collection[str] = ()) -> dict[str, BaseDistribution]:
    """Return Optuna's view of the search space, without the parameters that are held."""
    return {param.name: _distribution(param) for param in search_space(policy) if param.name not in held}


def asked_space(spec: RunSpec) -> dict[str, BaseDistribution]:
    """Return what the engine's sampler is told of the space that is searched.

    TPE is told that moduli are categories: residues have no neighbourhood, so that a modulus says nothing of the next
    one. On 210 planted pools it then published more often than by chance, and otherwise no more (docs/calibration.md).
    """
    space = distributions(spec.mask_policy, spec.held)
    if spec.search is not SearchEngine.TPE:
        return space
    categories = {
        param.name: CategoricalDistribution(param.values())
        for param in objective_space(spec.mask_policy)
        if param.name in MODULI
    }
    return {name: categories.get(name, own) for name, own in space.items()}


def whole_params(asked: Params, spec: RunSpec) -> dict[str, Any]:
    """Return every parameter of a config: what Optuna was asked for, each on the grid, and what the run holds."""
    held = spec.held_values
    return {
        param.name: held[param.name] if param.name in held else _on_grid(param, asked[param.name])
        for param in search_space(spec.mask_policy)
    }


def _on_grid(param: Param, value: Any) -> Any:
    """Return the value that the space has where Optuna, which adds up steps, is a rounding away from it."""
    return param.nearest(value) if isinstance(param, FloatParam) else value


def known_trial(ticket: Progress | Ticket | Trial, space: dict[str, BaseDistribution]) -> FrozenTrial:
    """Return a ticket that has parameters as an Optuna trial: complete, failed, or running."""
    params = {name: (ticket.params or {})[name] for name in space}
    if ticket.state is TicketState.DONE and ticket.objective is not None:
        return create_trial(state=TrialState.COMPLETE, value=ticket.objective, params=params, distributions=space)
    return create_trial(state=_without_a_value(ticket.state), params=params, distributions=space)


def _without_a_value(state: TicketState) -> TrialState:
    """Return what a ticket that has no value is to Optuna."""
    match state:
        case TicketState.FAILED:
            return TrialState.FAIL
        case TicketState.OPEN | TicketState.LEASED | TicketState.DONE:
            return TrialState.RUNNING
        case _:
            assert_never(state)


def sampler_for(spec: RunSpec, number: int) -> optuna.samplers.BaseSampler:
    """Return the sampler of one ticket, seeded from the run's seed and the ticket's number.

    Raises:
        ValueError: the run's engine does not sample.
    """
    seed = int(np.random.SeedSequence([spec.seed or 0, number]).generate_state(1)[0])
    engine = spec.search
    if engine is SearchEngine.TPE:
        return optuna.samplers.TPESampler(seed=seed, multivariate=False, constant_liar=True)
    if engine is SearchEngine.RANDOM:
        return optuna.samplers.RandomSampler(seed=seed)
    if engine is SearchEngine.SWEEP:
        raise ValueError("a sweep samples nothing: its tickets are shards of the whole space.")
    assert_never(engine)


def _distribution(param: Param) -> BaseDistribution:
    if isinstance(param, ChoiceParam):
        return CategoricalDistribution(param.choices)
    if isinstance(param, IntParam):
        return IntDistribution(param.low, param.high)
    return FloatDistribution(param.low, param.high, log=param.log, step=param.step)

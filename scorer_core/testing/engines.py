"""What every search engine that samples must do: subclass the suite, name the engine, run it with pytest.

    class TestMyEngine(EngineContract):
        engine = SearchEngine.MINE

Each test asks as a lane does: a `Suggester` of its own, fed with what the ledger knows of other tickets.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from scorer_core.engines import SearchEngine, traits_of
from scorer_core.ledger.records import Progress
from scorer_core.run.trials import TicketState
from scorer_core.scoring.params import Params
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import search_space
from scorer_core.search.sampler import Suggester
from scorer_core.spec import RunSpec

POLICIES = pytest.mark.parametrize("policy", list(MaskPolicy))
EARLIER = 30
TICKETS = range(EARLIER, EARLIER + 8)


class EngineContract:
    """The contract of an engine that samples; `engine` is the one under test."""

    engine: SearchEngine

    @POLICIES
    def test_every_parameter_is_asked_for_and_in_range(self, policy: MaskPolicy) -> None:
        """With nothing known, and with results, failures and running tickets of other lanes."""
        for known in ([], self.history(policy, 100)):
            for number in TICKETS:
                params = self.suggest(policy, number, known)
                assert list(params) == [param.name for param in search_space(policy)]
                assert [p.name for p in search_space(policy) if not p.contains(params[p.name])] == []

    @POLICIES
    def test_the_same_seed_ticket_and_news_ask_for_the_same(self, policy: MaskPolicy) -> None:
        """In any process, so that a retried lane and a repeated search find the same configs."""
        known = self.history(policy, 100)

        assert self.suggest(policy, 40, known) == self.suggest(policy, 40, known)
        assert self.suggest(policy, 40, []) == self.suggest(policy, 40, [])

    @POLICIES
    def test_other_seeds_and_other_tickets_ask_for_other_configs(self, policy: MaskPolicy) -> None:
        """Or lanes would try one config many times."""
        by_ticket = {str(self.suggest(policy, number, [])) for number in TICKETS}
        by_seed = {str(self.suggest(policy, 40, [], seed=seed)) for seed in range(8)}

        assert len(by_ticket) == len(by_seed) == 8

    def test_it_learns_if_it_says_so_and_else_needs_no_news(self) -> None:
        """The ledger chooses for an engine that does not learn, and gives it no news at all."""
        policy = MaskPolicy.MAX_OFFSET
        low, high = self.history(policy, 60), self.history(policy, 140)

        same = [self.suggest(policy, number, low) == self.suggest(policy, number, high) for number in TICKETS]

        assert not any(same) if traits_of(self.engine).learns else all(same)

    def suggest(self, policy: MaskPolicy, number: int, known: Sequence[Progress], seed: int = 3) -> Params:
        """Ask for one ticket's config as a lane that has just started."""
        spec = RunSpec.from_conf({"search": self.engine, "mask_policy": policy, "seed": seed})
        return Suggester(spec).suggest(number, known)

    def history(self, policy: MaskPolicy, good: int) -> list[Progress]:
        """Return earlier tickets: good where `residue_mod_2` is near `good`; every tenth failed, the last one runs."""
        found = []
        for number in range(EARLIER):
            params = dict(self.suggest(policy, number, [], seed=1))
            failed, running = number % 10 == 9, number == EARLIER - 1
            state = TicketState.LEASED if running else TicketState.FAILED if failed else TicketState.DONE
            objective = 1.0 - abs(int(params["residue_mod_2"]) - good) / 100
            found.append(Progress(number, state, params, objective if state is TicketState.DONE else None))
        return found

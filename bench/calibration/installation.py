"""An installation under study: what a ledger knows of its life, the decisions that it was asked for."""

from __future__ import annotations

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from scorer_core.gate.space import space_version
from scorer_core.gate.within_trials.rule import StrataRule
from scorer_core.ledger.keys import Asked, DecisionKey, take_all
from scorer_core.ledger.tables import KeyRow
from scorer_core.pool.survivors import Pool, content_id
from scorer_core.scoring.policies import MaskPolicy


class Installation:
    """Takes numbers as a run does, from a ledger in memory."""

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha
        self._engine = create_engine("sqlite://", poolclass=StaticPool)
        KeyRow.metadata.create_all(self._engine, [KeyRow.metadata.tables[KeyRow.__tablename__]])

    def number(self, pool: Pool, policy: MaskPolicy) -> int:
        """Return the number of a decision, the next where it was never asked for: before the pool is searched."""
        key = DecisionKey(content_id(pool), policy.value, space_version(policy), StrataRule.TRIAL.value)
        (number,) = take_all(self._engine, [Asked(key, self.alpha)], by="calibration")
        return number

"""Champion and challenger on one holdout: exact, paired, and in words; and a champion that has gone stale."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from scorer_core.gate.case import Case, Champion
from scorer_core.gate.champion import Comparison, compare, stand
from scorer_core.gate.decide import decide
from scorer_core.gate.holdout import measure
from scorer_core.gate.statistics import lift_lower_bound, power, tail_p_value
from scorer_core.gate.verdict import Verdict
from scorer_core.pool.survivors import Pool
from scorer_core.scoring.masks import residue_mask
from scorer_core.scoring.policies import MaskPolicy
from tests.scorer_core.gate.cases import Config, Configs, MakeConfig, MakePool
from tests.support.values import there

POLICY = MaskPolicy.KEEP_FRACTION


def compared(holdout: Pool, ours: Config, theirs: Config) -> Comparison:
    champion = Champion(theirs, POLICY)
    return compare(holdout, ours, POLICY, measure(holdout, ours, POLICY), champion, stand(holdout, champion))


def test_the_p_value_is_that_of_counting_every_labelling_of_the_rows_that_differ(
    config: MakeConfig, pool: MakePool
) -> None:
    ours, theirs = config(keep=0.3), config(11, 101, 1009, keep=0.3)
    whole = pool(60, lift=1.0, base=0.4)
    kept = [residue_mask(whole.seeds, params, POLICY).kept for params in (ours, theirs)]
    differ = np.flatnonzero(kept[0] ^ kept[1])
    assert 8 <= len(differ) <= 24
    mine, minority = kept[0][differ], int(whole.minority[differ].sum())
    observed = int((whole.minority[differ] & mine).sum())

    as_good = sum(
        sum(bool(mine[place]) for place in chosen) >= observed
        for chosen in itertools.combinations(range(len(differ)), minority)
    )

    assert compared(whole, ours, theirs).p_value == pytest.approx(as_good / math.comb(len(differ), minority))


def test_the_sides_add_up_to_what_each_keeps(planted: Case, configs: Configs) -> None:
    told = compared(planted.holdout, configs[3], configs[0])
    ours = measure(planted.holdout, configs[3], POLICY).counts
    theirs = measure(planted.holdout, configs[0], POLICY).counts

    assert told.both.rows + told.candidate_only.rows == ours.kept
    assert told.both.minority + told.candidate_only.minority == ours.minority_kept
    assert told.both.rows + told.champion_only.rows == theirs.kept
    assert told.both.minority + told.champion_only.minority == theirs.minority_kept


def test_a_planted_challenger_is_better_and_the_reverse_is_no_evidence(planted: Case, configs: Configs) -> None:
    forward = compared(planted.holdout, configs[3], configs[0])
    backward = compared(planted.holdout, configs[0], configs[3])

    assert (forward.better, backward.better) == ("candidate", "champion")
    assert forward.p_value < 1e-6
    assert backward.p_value > 0.99
    assert forward.lift_difference == -backward.lift_difference > 1
    assert f"better by {forward.objective_difference:.4f}" in forward.meaning
    assert "The published config is better by" in backward.meaning


def test_the_same_config_differs_nowhere(planted: Case, configs: Configs) -> None:
    told = compared(planted.holdout, configs[3], configs[3])

    assert (told.better, told.p_value, told.lift_difference) == ("equal", 1.0, 0.0)
    assert (told.candidate_only.rows, told.champion_only.rows) == (0, 0)
    assert told.meaning.endswith("They keep the same rows.")


def test_a_champion_that_still_enriches_is_not_stale(planted: Case, configs: Configs) -> None:
    standing = stand(planted.holdout, Champion(configs[3], POLICY, published_lift=2.5))

    assert not standing.stale
    assert standing.describe() == ""
    assert standing.lower_bound == lift_lower_bound(standing.measured.counts) > 1
    assert standing.p_value == tail_p_value(standing.measured.counts)


def test_a_champion_without_enrichment_on_a_new_pool_is_stale_in_every_verdict(
    planted: Case, null: Case, configs: Configs
) -> None:
    champion = Champion(configs[0], POLICY, published_lift=2.5)
    for run, verdict in ((planted, Verdict.PUBLISH), (null, Verdict.INCONCLUSIVE)):
        decision = decide(replace(run, champion=champion))
        standing = there(decision.champion)

        assert decision.verdict is verdict
        assert standing.stale
        assert "The published config is stale" in decision.reason
        assert standing.power == power(standing.measured.counts, 2.5, 0.05)
        assert f"with a probability of {standing.power:.1%}" in decision.reason


def test_a_champion_that_does_not_say_how_good_it_was_is_stale_all_the_same(null: Case, configs: Configs) -> None:
    standing = stand(null.holdout, Champion(configs[0], POLICY))

    assert standing.stale
    assert standing.power is None
    assert "as when it was published" not in standing.describe()


def test_the_comparison_is_in_the_words_of_the_check(planted: Case, configs: Configs) -> None:
    decision = decide(replace(planted, champion=Champion(configs[0], POLICY)))

    comparison = there(decision.comparison)
    assert comparison.meaning in decision.checks[6].meaning
    assert decision.checks[6].observed["p_value_of_the_rows_that_differ"] == comparison.p_value


def test_poisoned_rows_that_neither_keeps_change_nothing(planted: Case, configs: Configs) -> None:
    holdout = planted.holdout
    neither = ~(
        residue_mask(holdout.seeds, configs[3], POLICY).kept | residue_mask(holdout.seeds, configs[0], POLICY).kept
    )
    flipped = Pool(holdout.seeds, holdout.minority ^ neither, holdout.trial_number)

    assert compared(flipped, configs[3], configs[0]).p_value == compared(holdout, configs[3], configs[0]).p_value

"""The checks of the candidate on all rows of the pool."""

from __future__ import annotations

import math

from scorer_core.gate.challenge import Challenge
from scorer_core.gate.checks.check import Check
from scorer_core.gate.examination import Effect
from scorer_core.gate.reigning import Duel
from scorer_core.gate.within_trials.strata import Strata

_ONE_LABEL = "In {rest:,} of {rows:,} rows nothing can be told, because their Step 1 trial has one label only."


def check_real(effect: Effect | None, strata: Strata, space: int, alpha_j: float, number: int) -> Check:
    """Check that chance would hardly bring forth any config that keeps so many minority rows."""
    needed = {"p_space_at_most": alpha_j}
    told = _where_nothing_can_be_told(strata)
    if effect is None:
        meaning = f"No config that the search found is accepted on all rows. {told}".strip()
        return Check("real", False, {"p_space": None, "kept": None, "minority_kept": None}, needed, meaning)
    candidate, margins = effect.candidate, effect.margins
    kept = int(margins.kept.sum())
    passed = candidate.log_p_space <= math.log(alpha_j)
    meaning = (
        f"Of {kept:,} rows kept, {margins.minority_kept:,} are minority where chance would keep "
        f"{margins.expected:.1f}, given their Step 1 trials; among {space:,} configs chance brings forth one so good "
        f"with {_p(candidate.log_p_space)}, {'within' if passed else 'above'} the {alpha_j:.2g} allowed for decision "
        f"{number} of this installation. {told}"
    ).strip()
    observed = {
        "p_space": math.exp(candidate.log_p_space),
        "log10_p_space": candidate.log_p_space / math.log(10),
        "kept": kept,
        "minority_kept": margins.minority_kept,
        "expected": margins.expected,
        "guaranteed_lift": effect.guaranteed_lift,
    }
    return Check("real", passed, observed, needed, meaning)


def check_worth_it(effect: Effect | None, min_lift: float) -> Check:
    """Check that the effect, measured on rows that no config was picked on, is large enough."""
    lift = None if effect is None else effect.cross_fitted.lift
    passed = lift is not None and lift >= min_lift
    if effect is None:
        meaning = "There is no candidate whose lift could be measured."
    elif lift is None:
        meaning = "No lift can be measured: in no fold has a Step 1 trial rows of both labels and rows kept."
    else:
        meaning = (
            f"On rows that it was not picked on the lift is {lift:.3f}, "
            f"{'not less' if passed else 'less'} than the {min_lift:g} that is worth publishing. The lift that is "
            f"guaranteed with 95 % confidence, every config of the space paid for, is {effect.guaranteed_lift:.3f}."
        )
    observed = {
        "cross_fitted_lift": lift,
        "guaranteed_lift": None if effect is None else effect.guaranteed_lift,
        "same_config_in_folds": None if effect is None else effect.same_in_folds,
    }
    return Check("worth_it", passed, observed, {"cross_fitted_lift_at_least": min_lift}, meaning)


def check_better(duel: Duel | None) -> Check:
    """Check that nothing is published yet, or that the candidate is shown to be better than what is."""
    if duel is None:
        return Check("better", True, {}, None, "There is no published config to beat.")
    found = duel.challenge
    observed = {
        "same_mask": duel.same_mask,
        "stale": duel.stale,
        "difference": found.difference,
        "standard_error": found.standard_error,
        "ratio": found.ratio,
        "fresh_rows": found.rows,
        "challenger": found.challenger,
    }
    return Check("better", duel.won, observed, {"ratio_at_least": found.needed}, _meaning(duel))


def _meaning(duel: Duel) -> str:
    if duel.same_mask:
        return "The candidate keeps the very rows that the published config keeps."
    told = _on_fresh_rows(duel.challenge)
    if not duel.stale:
        return told
    why = (
        f"it is rejected on this pool ({duel.rejected})"
        if duel.rejected
        else f"its lift on this pool is at most {duel.at_most:.3f} with 95 % confidence, less than {duel.min_lift:g}"
    )
    verb = "above" if duel.candidate_objective > duel.champion_objective else "not above"
    return (
        f"{told} The published config is stale: {why}. On the whole pool the candidate's objective is "
        f"{duel.candidate_objective:.4f}, {verb} its {duel.champion_objective:.4f}."
    )


def _on_fresh_rows(found: Challenge) -> str:
    if found.ratio is None:
        return (
            f"{found.rows:,} rows are new since the published config was published, too few to tell the two apart; "
            "a better config replaces it when there are more."
        )
    return (
        f"On the {found.rows:,} rows that are new since the published config was published the candidate's objective "
        f"is {abs(found.difference):.4f} {'above' if found.difference >= 0 else 'below'} its: {found.ratio:.2f} "
        f"standard errors, where challenger {found.challenger} needs {found.needed:.2f}."
    )


def _where_nothing_can_be_told(strata: Strata) -> str:
    rows = len(strata.codes)
    rest = rows - int(strata.telling.sum())
    return _ONE_LABEL.format(rest=rest, rows=rows) if rest else ""


def _p(log_p: float) -> str:
    """Return a p-value in words, however small it is."""
    if log_p > -200:
        return f"p = {math.exp(log_p):.2g}"
    return f"p = 10^{log_p / math.log(10):.0f}"

"""Which parameters mattered to the objective: Optuna's importance, over the run's own trials."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from scorer_core.run.trials import Trial
from scorer_core.scoring.policies import MaskPolicy
from scorer_core.scoring.space import Role, roles

FEWEST_TRIALS = 20


def importance(trials: Sequence[Trial], policy: MaskPolicy, held: Collection[str] = ()) -> list[dict[str, Any]] | None:
    """Return each searched parameter's share of importance, the largest first, and whether the objective sees it.

    PED-ANOVA: S. Watanabe, A. Bansal, F. Hutter, IJCAI 2023: how differently the best trials and all
    trials use a parameter. An unseen parameter's share is what chance alone gives. None with fewer
    than FEWEST_TRIALS results, or when they do not differ.
    """
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.trial import create_trial

    from scorer_core.search.sampler import distributions

    done = [trial for trial in trials if trial.has_result]
    if len(done) < FEWEST_TRIALS or len({trial.objective for trial in done}) < 2:
        return None
    space = distributions(policy, held)
    study = optuna.create_study(direction="maximize")
    study.add_trials(
        create_trial(value=trial.objective, params={name: trial.params[name] for name in space}, distributions=space)
        for trial in done
    )
    role = roles(policy)
    shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return [
        {"name": name, "share": float(share), "seen": role[name] is Role.OBJECTIVE}
        for name, share in sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
    ]

"""What the Airflow UI tells of the DAG and of its tasks, in markdown. The other tasks tell their own docstring."""

from __future__ import annotations

OWNER = "scorer"

DAG_DOC = """
**Searches scorer parameters on the GPU cluster, and publishes only what the gate finds real.**

`prepare_run` → on every node `clean_artifacts` → `deploy_worker` → `gpu_slots` → a `trial_lane` on each GPU → `collect`
→ `quality_gate` → `approve` → `publish`; `report` at the end, whatever happened.

- **Trigger** it with the form: what is given is obeyed or refused, never replaced. An empty form tries every config on
  all rows of the pool.
- **See** how far a run is under *Scorer*, in the navigation and on each run. The verdict is in the run's note.
- **Be told** of verdicts, failed runs, lost rigs and waiting approvals: `SCORER_NOTIFY`.
- **A red run is not always a fault**: REJECT and INCONCLUSIVE fail `quality_gate` unless `SCORER_REFUSED` is `skipped`.
  Look at the first red task; its error names the place and the next step.
"""

TASK_DOCS = {
    "clean_artifacts": "Removes from a node what earlier runs left there beyond `SCORER_KEEP_RUNS` and "
    "`SCORER_KEEP_DAYS`; what a run in progress holds stays. A node that fails is left out, the others go on.",
    "deploy_worker": "Brings worker and pool to a node, verifies their checksums there, probes GPUs, Python and numpy, "
    "asks for known answers, and times the first ticket. A node that fails is left out: its error says what to mend; "
    "then clear this task.",
    "trial_lane": "Holds one worker on one GPU and runs one trial, or shard of a sweep, after the other until the "
    "budget is spent. Its log has one line for each. A lane that is lost leaves its trial to the others.",
    "approve": "Asks a person before `publish`, where the run has `require_approval` and there is something to "
    "publish. It waits for as long as it takes, and later runs wait with it; nothing is published unanswered.",
}

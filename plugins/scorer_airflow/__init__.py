"""The Airflow side: contexts become calls on `scorer_core`, SSH becomes a `RigTransport`."""

from scorer_core.rig.threads import limit_unless_told

DAG_ID = "scorer_meta_optimizer"

limit_unless_told()  # 26 lanes of a head would start a thread a core each

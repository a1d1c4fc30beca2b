"""The Airflow side: contexts become calls on `scorer_core`, SSH becomes a `RigTransport`."""

"""The page *Scorer* in the Airflow UI: HTTP alone. What it shows is computed by `scorer_core.views`."""

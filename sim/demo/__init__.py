"""`make demo`: the whole product on one machine, over real SSH, under a real Airflow scheduler."""

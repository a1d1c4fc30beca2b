"""Makes of this folder a package of pytest's, whose fixtures end with its last test: an idle Airflow still works."""

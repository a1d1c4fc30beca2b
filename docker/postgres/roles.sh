#!/usr/bin/env bash
# Makes, on an empty volume, Airflow's database and the ledger's, each with a role of its own, and a role that only reads.
set -euo pipefail
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set airflow="${AIRFLOW_PASSWORD:?}" --set ledger="${LEDGER_PASSWORD:?}" --set reader="${READER_PASSWORD:?}" <<'END'
CREATE ROLE airflow LOGIN PASSWORD :'airflow';
CREATE ROLE scorer LOGIN PASSWORD :'ledger';
CREATE ROLE scorer_reader LOGIN PASSWORD :'reader';
ALTER ROLE scorer_reader SET default_transaction_read_only = on;
CREATE DATABASE airflow OWNER airflow;
CREATE DATABASE scorer OWNER scorer;
REVOKE CONNECT, TEMPORARY ON DATABASE airflow, scorer FROM PUBLIC;
GRANT CONNECT ON DATABASE scorer TO scorer_reader;
\connect scorer
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO scorer_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE scorer IN SCHEMA public GRANT SELECT ON TABLES TO scorer_reader;
END

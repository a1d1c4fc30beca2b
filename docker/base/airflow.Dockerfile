# What docker/airflow/Dockerfile expects of the official Airflow image, from Debian's Python and PyPI.
FROM scorer-base/debian:bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv dumb-init openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 50000 --gid 0 --create-home airflow \
    && mkdir -m 775 /opt/airflow && chown airflow:0 /opt/airflow
USER airflow
ENV AIRFLOW_HOME=/opt/airflow PATH=/home/airflow/.local/bin:$PATH VIRTUAL_ENV=/home/airflow/.local
ARG PIP_INDEX_URL PIP_EXTRA_INDEX_URL
COPY constraints.txt /tmp/
RUN python3 -m venv /home/airflow/.local \
    && pip install --no-cache-dir --constraint /tmp/constraints.txt \
        apache-airflow apache-airflow-providers-celery apache-airflow-providers-postgres asyncpg redis
WORKDIR /opt/airflow

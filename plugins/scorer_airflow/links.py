"""Links of a task instance in the Airflow UI to the plugin's page of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, urlsplit

from airflow.configuration import conf
from airflow.sdk import BaseOperator, BaseOperatorLink

from scorer_airflow.operators.shown import ShownOperator
from scorer_airflow.registered import TAB

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey


class RunPageLink(BaseOperatorLink):
    """Leads to the tab *Scorer* of the run; the API server makes it, whatever state the task is in."""

    name = "Scorer: this run"
    operators: ClassVar[list[type[BaseOperator]]] = [ShownOperator]

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the path of the tab, below the API server's base path."""
        return run_path(ti_key.dag_id, ti_key.run_id)


def run_url(dag_id: str, run_id: str) -> str:
    """Return the address of a run's tab for those who are not in the UI."""
    base = urlsplit(conf.get("api", "base_url", fallback=""))
    return f"{base.scheme}://{base.netloc}{run_path(dag_id, run_id)}" if base.netloc else run_path(dag_id, run_id)


def run_path(dag_id: str, run_id: str) -> str:
    """Return the path of a run's tab in the UI."""
    base = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return f"{base}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}/plugin/{TAB}"

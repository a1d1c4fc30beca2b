"""A Python task whose instances have a link to the plugin's page of their run: `@shown` in place of `@task`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory

if TYPE_CHECKING:
    from airflow.sdk.bases.decorator import TaskDecorator


class ShownOperator(DecoratedOperator, PythonOperator):
    """Does what `@task` does; by its class the plugin tells our tasks from those of other DAGs."""

    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")
    custom_operator_name = "@task"

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Sequence[Any],
        op_kwargs: Mapping[str, Any],
        **kwargs: Any,
    ) -> None:
        called: dict[str, Any] = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(kwargs_to_upstream=called, **called, **kwargs)


def shown(**kwargs: Any) -> TaskDecorator:
    """Return the decorator of a task, with arguments of its operator."""
    return task_decorator_factory(decorated_operator_class=ShownOperator, **kwargs)

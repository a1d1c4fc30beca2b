"""The DAG's params, made from RunConf: one definition for the UI's form, the schema and the check."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from scorer_core.conf import RunConf

_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
"""Keys that the form would obey by itself: a number beyond them becomes the limit without a word. One level down, in
`allOf`, the server alone heeds them, and refuses."""


def dag_params() -> dict[str, Param]:
    """Return one typed Param, with its help, for every field of RunConf."""
    schema = RunConf.model_json_schema()
    fields: dict[str, Any] = schema["properties"]
    definitions = schema.get("$defs", {})
    return {name: _param(name, field, definitions) for name, field in fields.items()}


def _param(name: str, field: dict[str, Any], definitions: dict[str, Any]) -> Param:
    schema = {key: value for key, value in field.items() if key not in ("default", "anyOf", "$ref")}
    if "$ref" in field:
        schema |= {
            key: value
            for key, value in definitions[field["$ref"].rpartition("/")[2]].items()
            if key not in ("title", "description")
        }
    for option in field.get("anyOf", ()):
        kinds = [*schema.get("type", []), option["type"]]
        schema |= {**option, "type": kinds}
    limits = {key: schema.pop(key) for key in _LIMITS if key in schema}
    if limits:
        schema["allOf"] = [limits]
    return Param(field["default"], **{**schema, "title": name})

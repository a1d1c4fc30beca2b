"""The block `ssh` of a node: its address written there, or an Airflow Connection that holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from scorer_core.cluster import NAME, Keys


def _key_line(value: str) -> str:
    if len(value.split()) != 2:
        raise ValueError("write the type and the key, as `ssh-keyscan` prints them: ssh-ed25519 AAAA…")
    return value


def _expanded(value: Path) -> Path:
    try:
        return value.expanduser()
    except RuntimeError:
        raise ValueError("begins with ~ and the name of nobody on this machine") from None


class SshKeys(Keys):
    """How a node is reached over SSH.

    With `ssh_conn_id`, host, port, user and credentials are the Connection's; the host key is its
    extra `host_key`, or the one written here.
    """

    ssh_conn_id: str | None = Field(None, pattern=NAME)
    host: str | None = Field(None, min_length=1, pattern=r"^[^\s-]\S*$")
    port: int = Field(22, ge=1, le=65535)
    user: str | None = Field(None, min_length=1, pattern=r"^[^\s-]\S*$")
    key: Annotated[Path, AfterValidator(_expanded)] | None = Field(None, repr=False)
    host_key: Annotated[str, AfterValidator(_key_line)] | None = Field(None, repr=False)

    def address(self) -> tuple[object, ...] | None:
        """Return host and port, or the Connection."""
        if self.ssh_conn_id is not None:
            return (self.ssh_conn_id,)
        return None if self.host is None else (self.host.casefold(), self.port)

    @model_validator(mode="after")
    def _is_reachable_one_way(self) -> Self:
        own = {"host": self.host, "user": self.user, "key": self.key}
        if self.ssh_conn_id is not None:
            twice = [name for name, value in own.items() if value is not None]
            if twice:
                raise ValueError(f"{', '.join(twice)} stand beside ssh_conn_id; leave them to the Connection")
            return self
        missing = [name for name, value in {**own, "host_key": self.host_key}.items() if value is None]
        if missing:
            raise ValueError(f"{', '.join(missing)} is missing; write it, or name an ssh_conn_id")
        return self

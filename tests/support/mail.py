"""A mail server on loopback that keeps what it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from sim.rigs.ports import LOOPBACK, ReservedPort


@dataclass
class Mailbox:
    """What came, and how Airflow reaches the server; one that is closed refuses what is sent."""

    port: int
    mails: list[Message] = field(default_factory=list)
    closed: bool = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.closed:
            return "554 no mail today"
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 kept"

    @property
    def connection(self) -> dict[str, str]:
        """The environment that gives Airflow its Connection `smtp_default`."""
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "scorer@example.net", "retry_limit": 1}
        said = {"conn_type": "smtp", "host": LOOPBACK, "port": self.port, "extra": extra}
        return {"AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(said)}

    @property
    def subjects(self) -> list[str]:
        """The subjects of what came, in order."""
        return [str(mail["Subject"]) for mail in self.mails]

    def about(self, run_id: str) -> list[str]:
        """What was told of a run, in order, without its id."""
        ending = f": {run_id}"
        return [one.removeprefix("Scorer: ").removesuffix(ending) for one in self.subjects if one.endswith(ending)]


def body(mail: Message) -> str:
    """Return the text of a mail's first part."""
    part = next(part for part in mail.walk() if part.get_content_maintype() == "text")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Serve SMTP while the context lasts."""
    reserved = ReservedPort()
    box = Mailbox(reserved.number)
    controller = Controller(box, hostname=LOOPBACK, port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
        reserved.close()


SMTP = {
    "notifier": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
    "kwargs": {"to": "operator@example.net"},
}
"""An entry of SCORER_NOTIFY."""

"""Every error that the product raises on purpose.

    ScorerError
    ├── InputError              what a person wrote is wrong: fix it, then run again
    │   ├── PoolError           the survivors file
    │   ├── InventoryError      the cluster file
    │   ├── SpecError           the run's parameters (the conf)
    │   ├── SettingsError       the environment
    │   ├── RequestError        a trial request
    │   └── RunNotFound         a run folder that is not one
    ├── RigError                a node; carries its name
    │   ├── TransientRigError   worth another attempt
    │   │   ├── RigUnreachable  no connection
    │   │   │   └── RigDown     nobody answers there at all
    │   │   ├── RigLost         the connection or the worker went away in mid-work
    │   │   ├── RigTimeout      no answer within the deadline
    │   │   └── RigBusy         the GPU is held by another process
    │   └── FinalRigError       another attempt would end the same way
    │       ├── HostKeyMismatch
    │       ├── AuthenticationFailed
    │       ├── ChecksumMismatch
    │       ├── GpuCountMismatch
    │       ├── RigUnfit        Python, numpy, disk or smoke test
    │       ├── Drained         a check, or a person, lets it have no more work
    │       └── ProtocolError   the worker does not speak our protocol
    ├── TableError              a rig's table of a pool is not whole, or cannot be made
    ├── TrialFailed             the worker computed, and reports an error
    ├── RunError                the run cannot go on
    │   ├── NoSlots             fewer healthy GPUs than `min_gpus`
    │   ├── SchemaError         the ledger's tables are of another release
    │   ├── Unreconciled        tickets that nobody can account for
    │   └── ResultConflict      one ticket, two different results
    └── PublishError            the published config could not be replaced

Every message says what is wrong, where, and what to do next. This module is shipped to rigs:
standard library only.
"""

from __future__ import annotations

from typing import NoReturn

from scorer_core.text import printable

MAX_MESSAGE = 4000
"""Characters of what a node says of an error that are kept."""


class ScorerError(Exception):
    """Base of all errors raised on purpose."""


class InputError(ScorerError):
    """What a person wrote is wrong; nothing was changed."""


class PoolError(InputError):
    """The survivors file cannot be used."""


class InventoryError(InputError):
    """The cluster file cannot be used."""


class SpecError(InputError):
    """A run parameter is unknown or out of range."""


class SettingsError(InputError):
    """An environment setting is unknown or malformed."""


class RequestError(InputError):
    """A trial request is malformed."""


class RunNotFound(InputError):
    """There is no run where one was named."""


class RigError(ScorerError):
    """Something went wrong on, or on the way to, one node; what the node said of it is made fit to be shown."""

    def __init__(self, node: str, message: str) -> None:
        super().__init__(f"{node}: {printable(message, MAX_MESSAGE)}")
        self.node = node


class TransientRigError(RigError):
    """Worth another attempt, later."""


class RigUnreachable(TransientRigError):
    """No connection to the node."""


class RigDown(RigUnreachable):
    """Nobody answers at the node's address: it is off, off the network, or its server hangs."""


class RigLost(TransientRigError):
    """The connection or the remote process ended in mid-work."""


class RigTimeout(TransientRigError):
    """The node did not answer within the deadline."""


class RigBusy(TransientRigError):
    """The GPU is held by another live process."""


class FinalRigError(RigError):
    """Another attempt would end the same way; a person has to act."""


class HostKeyMismatch(FinalRigError):
    """The node's host key is not the one in the inventory."""


class AuthenticationFailed(FinalRigError):
    """The node refused our user or key."""


class ChecksumMismatch(FinalRigError):
    """A file on the node is not what was sent."""


class GpuCountMismatch(FinalRigError):
    """The probe saw another number of GPUs than the inventory states."""


class RigUnfit(FinalRigError):
    """The node's Python, numpy, disk or smoke answer does not do."""


class Drained(FinalRigError):
    """The GPU or its node is drained: it gets no more work until its check passes, or a person lifts that."""

    def __init__(self, node: str, message: str, *, by_check: bool) -> None:
        super().__init__(node, message)
        self.by_check = by_check


class ProtocolError(FinalRigError):
    """The remote process does not speak the worker's protocol."""


class TableError(ScorerError):
    """A table of a pool is missing, torn or altered, or there is no room for it."""


class TrialFailed(ScorerError):
    """The worker is alive and reports that this trial raised an error."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message, MAX_MESSAGE))


class RunError(ScorerError):
    """The run cannot go on."""


class NoSlots(RunError):
    """Fewer healthy GPUs than the run needs."""


class SchemaError(RunError):
    """The ledger's tables are of another release's version."""


class Unreconciled(RunError):
    """Some tickets are unaccounted for."""


class ResultConflict(RunError):
    """Two different results exist for one ticket."""


class PublishError(ScorerError):
    """The published config could not be replaced; the old one stands."""


def assert_never(value: NoReturn) -> NoReturn:
    """End a `match` over an enum: the type checker refuses the call as soon as a member is left over.

    `typing.assert_never` is of Python 3.11; what is shipped to rigs runs on 3.10.
    """
    raise AssertionError(f"{value!r} is not told apart here; this is a fault of the program.")

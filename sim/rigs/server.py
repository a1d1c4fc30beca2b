"""One simulated node as one process: `python -m sim.rigs.server`.

It is an SSH server with public-key login for one user, exec and SFTP, on a loopback port. Commands
run with /bin/sh in the node's home directory and see the GPUs that the node is said to have. As with
OpenSSH, a command whose client goes away finds its standard input at an end and is not killed. When
the server ends (SIGTERM, or its starter is gone), everything below it is killed: a power-off.

The folder holds `host_key`, `authorized_keys` and `home/`; the server adds `ready.json` when it listens.
The exit status of a command reaches the client when its output has ended, also that of background
processes which kept it open (OpenSSH sends it a little earlier).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import psutil

from sim.rigs.children import Children
from sim.rigs.keys import public_line
from sim.rigs.lifeline import adopt_orphans, watch_starter
from sim.rigs.ports import LOOPBACK
from sim.rigs.processes import kill_below
from sim.rigs.pumps import pump_in, pump_out

READY_FILE = "ready.json"
HOST_KEY_FILE = "host_key"
AUTHORIZED_KEYS_FILE = "authorized_keys"
HOME_FOLDER = "home"
_CANNOT_EXECUTE = 126

_log = logging.getLogger("rig")


@dataclass(frozen=True)
class Login:
    """Who may log in: one user name, and the public keys as `<type> <base64>` lines."""

    user: str
    keys: frozenset[str]


class _KeyOnlyServer(asyncssh.SSHServer):
    """Accepts the one login by public key; forwarding stays refused, as the base class has it."""

    def __init__(self, login: Login) -> None:
        self._login = login

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._login.user and public_line(key) in self._login.keys


async def serve(folder: Path, login: Login, gpus: str, port: int) -> None:
    """Serve one node until the process is told to end; never returns.

    Raises:
        OSError: the port cannot be bound, or the host key cannot be read.
    """
    home = folder / HOME_FOLDER
    children = Children(home, gpus)
    loop = asyncio.get_running_loop()

    def power_off() -> None:
        # In one go, without a turn of the event loop: no client hears of the ends of its commands.
        kill_below(psutil.Process())
        children.reap()
        os._exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, power_off)
    loop.add_signal_handler(signal.SIGCHLD, children.reap)
    watch_starter(lambda: loop.call_soon_threadsafe(power_off))

    async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
        await _run_command(process, children)

    acceptor = await asyncssh.listen(
        LOOPBACK,
        port,
        server_factory=lambda: _KeyOnlyServer(login),
        server_host_keys=[str(folder / HOST_KEY_FILE)],
        process_factory=run,
        sftp_factory=True,
        encoding=None,
        allow_pty=False,
        agent_forwarding=False,
    )
    _announce(folder / READY_FILE, acceptor.get_port())
    await acceptor.wait_closed()


async def _run_command(process: asyncssh.SSHServerProcess[bytes], children: Children) -> None:
    if process.subsystem is not None:
        process.stderr.write(f"subsystem {process.subsystem} is not served; sftp is\n".encode())
        process.exit(_CANNOT_EXECUTE)
        return
    try:
        child = children.start(process.command)
    except (OSError, ValueError) as error:
        process.stderr.write(f"cannot run the command: {error}\n".encode())
        process.exit(_CANNOT_EXECUTE)
        return
    feeding = asyncio.create_task(pump_in(process.stdin, child.stdin))
    await asyncio.gather(pump_out(child.stdout, process.stdout), pump_out(child.stderr, process.stderr))
    status = await child.exited
    feeding.cancel()
    if status < 0:
        process.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
    else:
        process.exit(status)


def _announce(path: Path, port: int) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps({"pid": os.getpid(), "port": port}), encoding="utf-8")
    os.replace(temporary, path)


def main() -> None:
    """Read the command line and serve one node."""
    parser = argparse.ArgumentParser(prog="python -m sim.rigs.server", description="Serve one simulated node.")
    parser.add_argument("--folder", type=Path, required=True, help="holds host_key, authorized_keys and home/")
    parser.add_argument("--user", required=True, help="the one user who may log in")
    parser.add_argument("--gpus", required=True, help="what its GPU probe shall see, e.g. amd:8")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    options = parser.parse_args()
    folder: Path = options.folder.resolve()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    keys = frozenset((folder / AUTHORIZED_KEYS_FILE).read_text(encoding="ascii").splitlines())
    adopt_orphans()
    os.chdir(folder / HOME_FOLDER)  # where relative SFTP paths begin
    asyncio.run(serve(folder, Login(options.user, keys), options.gpus, options.port))


if __name__ == "__main__":
    main()

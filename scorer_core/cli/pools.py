"""`sample-pool` makes a pool, `evaluate` scores configs on one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from scorer_core.cli.errors import readable, writable
from scorer_core.errors import InputError, RequestError

if TYPE_CHECKING:
    from scorer_core.pool.survivors import Pool

Kind = Literal["sieve", "planted", "null"]
STDIN = Path("-")
DEFAULT_SIZE = 44_647


def add_to(app: typer.Typer) -> None:
    """Make `scorer sample-pool` and `scorer evaluate` commands of the program."""
    app.command("sample-pool")(sample_pool)
    app.command("evaluate")(evaluate)


def sample_pool(
    kind: Annotated[
        Kind,
        typer.Option(
            help="sieve: a real, small Step 1. planted: labels enriched in a known mask. null: random labels."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="F.npz", help="File to write; one that is there is replaced.")],
    size: Annotated[int, typer.Option(metavar="N", help="Survivors; for a sieve, seeds to examine.")] = DEFAULT_SIZE,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed: the same one makes the same pool.")] = 0,
    lift: Annotated[
        float | None, typer.Option(metavar="L", help="planted: minority share in the mask over the pool's.")
    ] = None,
) -> None:
    """Make a sample pool with all fields of a real one."""
    if out.suffix != ".npz":
        raise InputError(f"--out {out}: a sample pool is an NPZ file; let its name end in .npz.")
    try:
        from sim.pools import PoolKind, make_pool
    except ModuleNotFoundError as error:
        if error.name not in ("sim", "sim.pools"):
            raise
        raise InputError(
            "sample pools need the package `sim`, which is not installed. Use a source checkout."
        ) from None
    from scorer_core.pool.files import write_columns

    columns = make_pool(PoolKind(kind), size, seed, lift)
    with writable(out):
        write_columns(out, columns)
    share = columns["skip_mode"].mean()
    typer.echo(f"{out}: {len(columns['seeds'])} survivors, {share:.1%} of them minority.")


def evaluate(
    pool: Annotated[Path, typer.Option(metavar="P", help="Pool: an NPZ file, or a JSON list of records.")],
    requests: Annotated[Path, typer.Option(metavar="F|-", help="Requests, one a line; - is standard input.")] = STDIN,
) -> None:
    """Score configs on all rows of a pool: JSON lines in, JSON lines out, in the same order.

    A request has exactly the keys trial_number, params, sample_size (null: all rows) and mask_policy. Each
    answer is printed before the next request is read; the first request that is wrong ends the command.
    """
    from scorer_core.pool.survivors import load_pool

    survivors = load_pool(pool)
    with _lines(requests) as lines:
        for answer in _answers(survivors, lines, "standard input" if requests == STDIN else requests.name):
            sys.stdout.write(answer + "\n")
            sys.stdout.flush()


def _answers(pool: Pool, lines: BinaryIO, where: str) -> Iterator[str]:
    """Yield one answer a request; lines of white space are none."""
    from scorer_core.rig.protocol import MAX_LINE_BYTES
    from scorer_core.scoring import trial

    for number, line in enumerate(iter(lambda: lines.readline(MAX_LINE_BYTES + 1), b""), start=1):
        if len(line) > MAX_LINE_BYTES:
            raise RequestError(f"{where}, line {number}: more than {MAX_LINE_BYTES} bytes. Write one request a line.")
        if not line.strip():
            continue
        try:
            request = trial.TrialRequest.from_json(json.loads(line))
        except RequestError as error:
            raise RequestError(f"{where}, line {number}: {error}") from None
        except (ValueError, RecursionError) as error:
            raise RequestError(f"{where}, line {number}: not JSON ({error}). Write one JSON object a line.") from None
        yield json.dumps(trial.evaluate(pool, request).to_json(), allow_nan=False)


@contextmanager
def _lines(path: Path) -> Iterator[BinaryIO]:
    if path == STDIN:
        yield sys.stdin.buffer
        return
    with readable(path):
        stream = path.open("rb")
    with stream, readable(path):
        yield stream

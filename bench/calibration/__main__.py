"""`python -m bench.calibration STUDY`: run one study and write its file; or `table` and `plot` from the files."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.calibration import champions, life, null, peeking, power, samplers, strata, words
from bench.calibration.harness import Options, Started, write_result
from scorer_core.errors import ScorerError

STUDIES = {
    "null": null.study,
    "life": life.study,
    "power": power.study,
    "peeking": peeking.study,
    "strata": strata.study,
    "words": words.study,
    "reigns": champions.study_reigns,
    "champions": champions.study_lives,
    "samplers": samplers.study,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; 1 with a message when it cannot be done."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        run(_parser().parse_args(given), "python -m bench.calibration " + shlex.join(given))
    except ScorerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def run(args: argparse.Namespace, command: str) -> None:
    """Run one study, or write the page or the figure from the studies' files."""
    if args.study == "table":
        from bench.calibration.table import write_page

        write_page(args.results, args.out or Path("docs/calibration.md"))
    elif args.study == "plot":
        from bench.calibration.plot import write_figure

        write_figure(args.results, args.out or Path("docs/images/calibration.png"))
    else:
        _study(args, command)


def _study(args: argparse.Namespace, command: str) -> None:
    started = Started()
    options = _options(args)
    results = STUDIES[args.study](options)
    out = args.out or args.results / f"calibration-{args.study}.json"
    write_result(out, args.study, command, asdict(options), started, results)
    print(f"wrote {out}")


def _options(args: argparse.Namespace) -> Options:
    return Options(
        runs=args.runs,
        workers=args.workers,
        seed=args.seed,
        rows=args.rows,
        examined=args.examined,
        engines=tuple(args.engine),
        lifts=tuple(args.lift),
        alpha=args.alpha,
        lives=tuple(args.life),
        length=args.length,
    )


def _parser() -> argparse.ArgumentParser:
    defaults = Options()
    parser = argparse.ArgumentParser(prog="python -m bench.calibration", description=__doc__)
    parser.add_argument("study", choices=[*STUDIES, "table", "plot"])
    parser.add_argument("--runs", type=int, help="repeats of each condition (default: the study's own)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default %(default)s)")
    parser.add_argument("--seed", type=int, default=defaults.seed, help="first seed (default %(default)s)")
    parser.add_argument(
        "--rows", type=int, default=defaults.rows, help="survivors in a made pool (default %(default)s)"
    )
    parser.add_argument(
        "--examined", type=int, default=defaults.examined, help="seeds of a sieve (default %(default)s)"
    )
    parser.add_argument("--engine", action="append", default=[], help="like tpe-100@5000; may be repeated")
    parser.add_argument("--lift", action="append", default=[], type=float, help="of `power`; may be repeated")
    parser.add_argument("--life", action="append", default=[], help="of `life`, by name; may be repeated")
    parser.add_argument("--alpha", type=float, help="the gate's alpha (default: the study's own)")
    parser.add_argument("--length", type=int, default=defaults.length, help="of a sequence (default %(default)s)")
    parser.add_argument("--results", type=Path, default=Path("bench/results"), help="folder (default %(default)s)")
    parser.add_argument("--out", type=Path, help="file to write (default: by the study, in the results' folder)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

"""The command line: the same use cases as the DAGs, from a shell. Names and keys are stable: `docs/command-line.md`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from dinhky import bootstrap
from dinhky.cli import (
    chatting,
    deciding,
    following,
    linking,
    mailing,
    planning,
    previewing,
    running,
    sending,
    submitting,
)
from dinhky.cli.command import CANNOT_RUN
from dinhky.domain.errors import DinhKyError, PlanError, Problem
from dinhky.service.console import Console


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0; 1 if what was asked about has problems; 2 if the command could not be carried out."""
    parsed = _parser().parse_args(arguments)
    current = bootstrap.settings()
    console = Console(current.operators, bootstrap.words_of(current))
    try:
        return int(parsed.command(parsed, console))
    except PlanError as error:
        _say_problems(error.problems)
    except DinhKyError as error:
        if error.code in console.lines:
            print(console.line(error.code, **error.params), file=sys.stderr)
        else:
            print(bootstrap.words_of(current).explain(error), file=sys.stderr)
    except OSError as error:
        print(console.line("file_missing", file=error.filename, reason=error.strerror), file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return CANNOT_RUN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dinhky", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (planning, submitting, following, deciding, sending, mailing, linking, chatting, previewing, running):
        module.register(commands)
    return parser


def _say_problems(problems: Sequence[Problem]) -> None:
    words = bootstrap.words_of()
    for problem in problems:
        print(words.sentence(problem), file=sys.stderr)

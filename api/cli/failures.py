"""What goes wrong in the ledger, as one sentence on standard error and an exit code."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

from api.errors import NotEntitled
from ledger.errors import Conflict, LedgerError, Malformed, OpenPGPError, OutcomeUnknown


class CouldNotRun(click.ClickException):
    """Nothing is wrong with what was asked, or it is not known what is."""

    exit_code = 1


class WrongUsage(click.ClickException):
    """What was asked makes no sense here."""

    exit_code = 2


REFUSED = 3


class Refused(click.ClickException):
    """Who asked may not ask for it."""

    exit_code = REFUSED


class TryAgain(click.ClickException):
    """Somebody else was faster, or nobody knows what came of it."""

    exit_code = 4


def unprinted(receipt: str, error: OSError, code: int) -> click.exceptions.Exit:
    """How a command ends when what was recorded could not be printed, once that is said on standard error.

    Where nobody reads on, as behind `| head`, the exit code is what it would be; where the output was to be kept and
    is not, as on a full disk, it is 1.
    """
    # What is still to be printed would fail again when the program ends.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    click.echo(f"{receipt}; but it could not be printed: {error.strerror or error}", err=True)
    return click.exceptions.Exit(code if isinstance(error, BrokenPipeError) else CouldNotRun.exit_code)


@contextmanager
def as_sentences() -> Iterator[None]:
    """Raise the ledger's errors, and what the operating system says of a file, as click's."""
    try:
        yield
    except (Conflict, OutcomeUnknown) as error:
        raise TryAgain(str(error)) from error
    except (Malformed, OpenPGPError) as error:
        raise WrongUsage(str(error)) from error
    except NotEntitled as error:
        raise Refused(str(error)) from error
    except LedgerError as error:
        raise CouldNotRun(str(error)) from error
    except BrokenPipeError:
        # Nobody reads on, as behind `| head`: click ends then without a word.
        raise
    except OSError as error:
        raise CouldNotRun(f"{error.filename or 'the system'}: {error.strerror or error}") from error

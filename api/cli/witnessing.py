"""Commands for whoever is the witness of somebody else's log."""

from collections.abc import Callable
from pathlib import Path

import click

from api.gateway import Gateway
from api.witness import witness_at
from ledger.chain.checkpoint import parse_log_key
from ledger.chain.note import VerifierKey
from ledger.evidence.witness import Witness, create_witness

# How long a call in flight may go on once the server was told to stop.
LAST_SECONDS = 10

_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))


@click.group()
def witness() -> None:
    """Be the witness of a log: cosign its checkpoints, each of which continues the one before.

    A witness is worth as much as it is independent: run it on a machine that those who keep the log cannot change.
    """


@witness.command()
@_folder
@click.option("--name", required=True, help="The witness's name, such as audit.example.edu/witness.")
def init(folder: Path, name: str) -> None:
    """Make a witness in DIR, and print its verifier key: hand that to whoever keeps the log."""
    click.echo(create_witness(folder.absolute(), name))


@witness.command()
@_folder
@click.option("--vkey", required=True, help="The log's verifier key, as you had it from a person.")
def add(folder: Path, vkey: str) -> None:
    """Cosign for one more log from now on, or for one with one more key, with or without the sizes behind it."""
    key = parse_log_key(vkey)
    with Witness(folder.absolute()) as opened:
        # For which sizes it is good, each log says for itself.
        opened.add(VerifierKey(key.name, key.type, key.public))


class Listen(click.ParamType[tuple[str, int]]):
    """An address and a port."""

    name = "address:port"

    def convert(
        self, value: str | tuple[str, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """The two of them."""
        if isinstance(value, tuple):
            return value
        address, _, port = value.rpartition(":")
        if not address or not port.isdecimal() or not 1 <= int(port) <= 65_535:
            self.fail(f"{value!r} is not an address and a port, such as 127.0.0.1:8010", param, ctx)
        return address.removeprefix("[").removesuffix("]"), int(port)


@witness.command()
@_folder
@click.option("--listen", default="127.0.0.1:8010", show_default=True, type=Listen(), help="Where to listen.")
def serve(folder: Path, listen: tuple[str, int]) -> None:
    """Serve the witness until it is told to stop (c2sp.org/tlog-witness); a call in flight is answered before it does.

    Beyond this machine it belongs behind a proxy with TLS.
    """
    with Witness(folder.absolute()):
        # What cannot be opened is said here, and not by the worker.
        pass
    run(folder.absolute(), listen, witness_at)


def run(folder: Path, listen: tuple[str, int], load: Callable[[str], Gateway]) -> None:
    """Serve what `load` makes of a folder, until this process is told to stop."""
    from api.hosting import host

    host(str(folder), listen, LAST_SECONDS, load)

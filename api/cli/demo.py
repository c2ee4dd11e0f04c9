"""The command that plays a story in a throw-away ledger."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from api.demo.story import Story


@click.command()
def demo() -> None:
    """Play a story in a throw-away ledger: from a request that comes in to data that go out, and somebody cheats."""
    # Not below the usual folder: a gpg-agent's socket may have a path of about 100 characters.
    with TemporaryDirectory(prefix="dua-", dir="/tmp") as folder:
        story = Story(Path(folder), typed)
        with closing(story):
            story.play()


def typed(arguments: list[str], clock: Callable[[], datetime]) -> int:
    """Run a command under a clock; gives its exit code."""
    from api.cli import main

    try:
        code = main(arguments, "dua-ledger", standalone_mode=False, obj=clock)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except SystemExit as left:
        code = left.code
    return int(code or 0)

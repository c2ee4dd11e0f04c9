"""The command that plays a story in a throw-away ledger, and serves what it left."""

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import click

from api.demo.story import END, LATER, TODAY, Story


@click.command()
@click.option("--serve", is_flag=True, help="Serve the ledger over HTTP then, as it was before the last chapters.")
@click.option("--port", type=click.IntRange(1, 65535), help="On this port; 8000, or any if that is taken.")
def demo(serve: bool, port: int | None) -> None:
    """Play a story in a throw-away ledger: a request, from an e-mail to the last copy destroyed, and somebody cheats.

    With --serve, on a terminal, the ledger is served until you press Ctrl-C; elsewhere only while three calls are
    tried.
    """
    stays = sys.stdin.isatty() and sys.stdout.isatty()
    if serve and not stays:
        click.echo(
            "This is no terminal: once the story is told, the ledger is served only while three calls are tried."
        )
    with TemporaryDirectory(prefix="dua-", dir=stage_below()) as folder:
        story = Story(Path(folder), typed)
        with closing(story):
            story.play(TODAY)
            if serve:
                # What follows is recorded weeks ahead, and then tampered with: neither can be written to any more.
                shutil.copytree(story.home, story.home.with_name("served"))
            story.play((*LATER, *END))
        if serve:
            _serve(story, port, stays=stays)


def stage_below() -> str:
    """The folder for temporary files, or `/tmp` where its path is too long for a gpg-agent's socket below it."""
    # A socket's path may have 103 bytes; up to 35 of them are for the story's folder, a key ring's, and the name.
    usual = gettempdir()
    return usual if len(os.fsencode(usual)) <= 64 else str(Path("/", "tmp"))


def _serve(story: Story, port: int | None, *, stays: bool) -> None:
    from api.demo.serving import keys_for_everybody, served, show_keys, try_calls, wait_until_interrupted

    path = story.home.with_name("served")
    keys = keys_for_everybody(path, story.researcher)
    with served(path, port) as found:
        if stays:
            show_keys(found, keys)
        try_calls(found, keys, story.calls)
        if stays:
            wait_until_interrupted()
    click.echo("\nStopped; nothing of it is left." + ("" if stays else " On a terminal it stays, and prints its keys."))


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

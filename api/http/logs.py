"""Logs for programs: a JSON object a line on standard error, with nothing that a caller sent but the request's id."""

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec


class AsJson(logging.Formatter):
    """A record as one line of JSON: when, what, and the members that it was given."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "what": record.getMessage(),
        }
        return msgspec.json.encode(said | getattr(record, "said", {})).decode()


def leave_out_what_nobody_reads() -> None:
    """Have records made without the place in the code, the thread and the process, in this process.

    Finding them took most of the time that a line took.
    """
    # As the logging HOWTO has it, under "Optimization".
    vars(logging)["_srcfile"] = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


# For `logging.config.dictConfig`: the server's own lines and ours alike.
CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "api.http.logs.AsJson"}},
    "handlers": {"stderr": {"formatter": "json", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
    "loggers": {
        name: {"handlers": ["stderr"], "level": "INFO", "propagate": False} for name in ("_granian", "dua_ledger")
    },
}

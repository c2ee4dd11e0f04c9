"""Logs for programs: a JSON object a line on standard error, with nothing that a caller sent but the request's id."""

import json
import logging
from datetime import UTC, datetime
from typing import Any


class AsJson(logging.Formatter):
    """A record as one line of JSON: when, what, and the members that it was given."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "what": record.getMessage(),
        }
        return json.dumps(said | getattr(record, "said", {}))


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

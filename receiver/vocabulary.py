"""The words of `x-receiver`: locators, times, dedup rules, limits and signature schemes as data.

The vocabulary is described in docs/spec.md. Must not know: paths, operations, event types.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from receiver.contract import DedupRule, Hooks, Limits, Scheme, Service
from receiver.excerpt import ABSENT, Excerpt, brief, pointer_parts
from receiver.locator import (
    TIME_FORMATS,
    Constant,
    Envelope,
    Except,
    FirstOf,
    Header,
    Joined,
    Locator,
    Moment,
    PathParameter,
    Pointer,
    text,
)
from receiver.resending import Resending, Statuses

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""A field name (RFC 9110, section 5.6.2, `token`), of a sane length."""

_PLACES = ("header", "path", "pointer", "envelope", "value", "join", "first")
_SCHEMES = ("hmac", "rsa", "static", "standard-webhooks", "sns")
_SCHEME_KEYS = {
    "hmac": ("algorithm", "encoding", "prefix", "prefix-required", "separator", "weak"),
    "rsa": ("algorithm", "encoding", "prefix", "prefix-required"),
    "static": (),
    "standard-webhooks": ("tolerance",),
    "sns": (),
}
_ALGORITHMS = {"hmac": ("sha256", "sha1", "sha512"), "rsa": ("sha256", "sha512")}
_ENCODINGS = ("hex", "base64", "base64url")

_STATUS = re.compile(r"([1-5])(?:(\d\d)|xx)")
_NOWHERE = Constant("")
"""Stands for a locator that could not be read; the document is refused anyway."""


def locator(excerpt: Excerpt) -> Locator:
    """Where a value sits: a mapping with one place, or a list of locators (first that exists)."""
    if isinstance(excerpt.value, list):
        return _first(excerpt)
    excerpt.allow(*_PLACES, "separator", "except")
    found = [name for name in excerpt.fields() if name in _PLACES]
    if len(found) != 1:
        if found or not excerpt.blamed:  # a misspelt one has been noted
            excerpt.fail(f"must say one of {', '.join(_PLACES)}")
        return _NOWHERE
    if excerpt.at("separator").present and found != ["join"]:
        excerpt.at("separator").fail("belongs to join")
    placed = _placed(excerpt, found[0])
    placeholders = excerpt.at("except")
    if not placeholders.present:
        return placed
    values = placeholders.value if isinstance(placeholders.value, list) else [placeholders.value]
    if any(isinstance(value, dict | list) or value is None for value in values):
        placeholders.fail("must be a value or a list of values")
        return placed
    return Except(placed, tuple(sorted({text(value) or "" for value in values})))


def _placed(excerpt: Excerpt, name: str) -> Locator:
    place = excerpt.at(name)
    match name:
        case "header":
            if place.text() and not HEADER_NAME.fullmatch(place.text()):
                place.fail(f"{brief(place.value)} is no header name")
            return Header(place.text().lower())
        case "path":
            return PathParameter(place.text())
        case "pointer":
            parts = pointer_parts(place.text())
            if parts is None and place.text():
                place.fail("must be a JSON pointer such as /data/id")
            return Pointer(parts or ())
        case "envelope":
            return Envelope(place.text())
        case "value":
            return Constant(place.text())
        case "join":
            parts_found = tuple(locator(item) for item in place.items())
            if not parts_found:
                place.fail("must name at least one place")
            return Joined(parts_found, excerpt.at("separator").text(""))
        case _:
            return _first(place)


def _first(excerpt: Excerpt) -> Locator:
    choices = tuple(locator(item) for item in excerpt.items())
    if not choices:
        excerpt.fail("must name at least one place")
    return FirstOf(choices)


def moment(excerpt: Excerpt) -> Moment:
    """Where a time sits and how it is written: a locator with `format` beside it."""
    formats = excerpt.at("format").texts(("rfc3339",))
    for form in formats:
        if form not in TIME_FORMATS and not _is_strptime(form):
            excerpt.at("format").fail(
                f"{brief(form)} is no time format: {', '.join(TIME_FORMATS)}, or a pattern with %"
            )
    rest: Any = excerpt.value
    if isinstance(rest, dict):
        rest = {key: value for key, value in rest.items() if key != "format"}
    return Moment(locator(replace(excerpt, value=rest)), formats)


def _is_strptime(form: str) -> bool:
    if "%" not in form:
        return False
    try:
        datetime.strptime(datetime(2001, 2, 3, 4, 5, 6).strftime(form), form)
    except (ValueError, re.error):
        return False
    return True


def dedup_rules(excerpt: Excerpt, key: Locator | None) -> tuple[DedupRule, ...]:
    """The rules in order; by default the sender's own id, where the source has one."""
    if not excerpt.present:
        return (DedupRule(parts=(key,), body=False, window=None),) if key else ()
    return tuple(_dedup_rule(item, key) for item in excerpt.items())


def _dedup_rule(excerpt: Excerpt, key: Locator | None) -> DedupRule:
    excerpt.allow("by", "window")
    parts: list[Locator] = []
    body = False
    named = excerpt.at("by").items()
    if not named:
        excerpt.fail("must say by what, such as `by: [key]`")
    for part in named:
        if part.value == "body":
            body = True
        elif part.value != "key":
            parts.append(locator(part))
        elif key is None:
            part.fail("the source declares no key")
        else:
            parts.append(key)
    window = excerpt.at("window")
    return DedupRule(tuple(parts), body, window.whole(1) if window.present else None)


def hooks(excerpt: Excerpt) -> Hooks | None:
    """How users of a source manage hooks; None where they do not."""
    if not excerpt.present:
        return None
    excerpt.allow("part", "specifiers", "services")
    services = excerpt.at("services")
    return Hooks(
        part=locator(excerpt.at("part")),
        specifiers=excerpt.at("specifiers").text(""),
        services=tuple(map(_service, services.items())) if services.present else (),
    )


def _service(excerpt: Excerpt) -> Service:
    excerpt.allow("id", "sink", "settings")
    named = excerpt.at("settings").fields() if excerpt.at("settings").present else {}
    return Service(
        id=excerpt.at("id").text(),
        sink=excerpt.at("sink").text(),
        settings={name: setting.text() for name, setting in named.items()},
    )


def retries(excerpt: Excerpt) -> Resending:
    """When a source sends an event again; what is not said: never."""
    plain = Resending()
    if not excerpt.present:
        return plain
    excerpt.allow("taken", "again", "tries", "pause", "timeout", "in-turn")
    tries = excerpt.at("tries")
    for_ever = tries.value == "for-ever"
    return Resending(
        taken=_statuses(excerpt.at("taken"), plain.taken),
        again=_statuses(excerpt.at("again"), plain.again),
        tries=None if for_ever else tries.whole(1),
        pause=float(excerpt.at("pause").whole(0)),
        timeout=float(excerpt.at("timeout").whole(round(plain.timeout))),
        in_turn=excerpt.at("in-turn").flag(False),
    )


def _statuses(excerpt: Excerpt, default: Statuses) -> Statuses:
    """Statuses such as `[429, 5xx]`, or `any`."""
    if not excerpt.present:
        return default
    if excerpt.value == "any":
        return Statuses(every=True)
    numbers: set[int] = set()
    classes: set[int] = set()
    for item in excerpt.items():
        found = _STATUS.fullmatch(str(item.value))
        if found is None:
            item.fail(f"{brief(item.value)} is no status; write one such as 503 or 5xx")
        elif found[2]:
            numbers.add(int(found[0]))
        else:
            classes.add(int(found[1]))
    return Statuses(frozenset(numbers), frozenset(classes))


def limits(excerpt: Excerpt) -> Limits:
    """What a request may weigh; what is not said has the default."""
    plain = Limits()
    excerpt.allow("body", "depth", "keys", "events")
    return Limits(
        body=excerpt.at("body").whole(plain.body),
        depth=excerpt.at("depth").whole(plain.depth),
        keys=excerpt.at("keys").whole(plain.keys),
        events=excerpt.at("events").whole(plain.events),
    )


def scheme(name: str, excerpt: Excerpt) -> Scheme:
    """One signature scheme of `components.securitySchemes`."""
    if (excerpt.at("type").value, excerpt.at("in").value) != ("apiKey", "header"):
        excerpt.fail("must be `type: apiKey`, `in: header`")
    header = excerpt.at("name")
    if header.text() and not HEADER_NAME.fullmatch(header.text()):
        header.fail(f"{brief(header.value)} is no header name")
    words = excerpt.at("x-receiver")
    kind = words.at("scheme").choice(words.at("scheme").text(), _SCHEMES)
    words.allow("scheme", *_SCHEME_KEYS[kind])
    plain = Scheme(name=name, kind=kind, header=header.text())
    if kind == "standard-webhooks":
        return replace(plain, tolerance=words.at("tolerance").whole(plain.tolerance))
    return plain if kind in ("static", "sns") else _digest_scheme(plain, words)


def _digest_scheme(plain: Scheme, words: Excerpt) -> Scheme:
    algorithm = words.at("algorithm")
    chosen = algorithm.choice(algorithm.text(plain.algorithm), _ALGORITHMS[plain.kind])
    if chosen == "sha1" and words.at("weak").value != "accepted":
        algorithm.fail("sha1 is weak; say `weak: accepted` beside it if the platform has no better")
    encoding = words.at("encoding")
    encodings = encoding.texts(("hex",) if plain.kind == "hmac" else ("base64",))
    if not encodings:
        encoding.fail(f"must be one or more of {', '.join(_ENCODINGS)}")
    separator = words.at("separator")
    prefixes = words.at("prefix").texts()
    required = words.at("prefix-required")
    if required.flag(False) and not prefixes:
        required.fail("there is no prefix to require")
    return replace(
        plain,
        algorithm=chosen,
        encodings=tuple(encoding.choice(word, _ENCODINGS) for word in encodings),
        prefixes=prefixes,
        prefix_required=required.flag(False),
        separator=separator.text() if separator.value is not ABSENT else None,
    )

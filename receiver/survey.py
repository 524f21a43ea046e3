"""A first look over a document before it is read: is it JSON, do its references lead anywhere?

Must not know: what the document means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from receiver.excerpt import (
    MAX_DEPTH,
    MAX_VALUES,
    Report,
    brief,
    kind,
    meant,
    ref_parts,
    resolve,
    walk,
)


def survey(report: Report) -> bool:
    """Note references that lead nowhere, misspelt vendor keys, and what is not plain JSON.

    False where the document is no plain JSON of a bounded size: then it cannot be read further.
    """
    for count, (value, parts, _) in enumerate(walk(report.document)):
        if count >= MAX_VALUES:
            report.note((), f"holds more than {MAX_VALUES} values")
            return False
        if len(parts) > MAX_DEPTH:
            report.note(parts[:MAX_DEPTH], f"is nested deeper than {MAX_DEPTH}")
            return False
        reason = _not_json(value)
        if reason:
            report.note(parts, reason)
    if report.problems:
        return False
    for value, parts, meaning in walk(report.document):
        if not (meaning and isinstance(value, Mapping)):
            continue
        for key in value:
            right = meant(key)
            if right != key:
                report.note((*parts, key), f"is not a known key; did you mean {right!r}?")
        reason = _bad_ref(report, value["$ref"]) if "$ref" in value else None
        if reason:
            report.note((*parts, "$ref"), reason)
    return True


def _not_json(value: Any) -> str | None:
    """Why a value cannot be written as JSON, or None."""
    if isinstance(value, Mapping):
        odd = [key for key in value if not isinstance(key, str)]
        return f"has the key {brief(odd[0])}, which is no text" if odd else None
    if isinstance(value, str):
        return None if value.isascii() or _is_unicode(value) else "is no valid Unicode text"
    if isinstance(value, bool | list) or value is None:
        return None
    if isinstance(value, int):
        return None if -(2**63) <= value < 2**64 else "is a number of more than 64 bits"
    if isinstance(value, float):
        return None if math.isfinite(value) else "is no finite number"
    return f"is {kind(value)}, which JSON has not"


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bad_ref(report: Report, ref: Any) -> str | None:
    """Why a reference cannot be followed, or None."""
    if not isinstance(ref, str):
        return "must be a text"
    parts = ref_parts(ref)
    if parts is None:
        return (
            f"{brief(ref)} is outside this document; only references such as '#/components/…' work"
        )
    return None if resolve(report, parts) else f"{brief(ref)} is not in this document"

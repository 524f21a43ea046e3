"""Strict, bounded JSON (RFC 8259): one event, or an array of events of which each is judged alone.

What is taken has exactly one meaning for every reader: UTF-8 without a byte order mark, no NaN or
Infinity, no number beyond a double, no integer of more than 4,300 digits, no lone surrogate, no
duplicate key. Must not know: what the JSON is about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from operator import methodcaller
from typing import Any

import msgspec

from receiver.errors import JsonError

__all__ = ["TOGETHER", "decode", "elements", "lots", "slices", "value_of", "values_of"]

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_flat = msgspec.json.Decoder(list[dict[str, str | int | float | bool | None]]).decode
"""Takes objects without containers only, of which most arrays consist, and is faster for it."""
_last_brace = methodcaller("rfind", b"{")
_slices = msgspec.json.Decoder(list[msgspec.Raw]).decode

_ESCAPED_COLON = re.compile(rb"\\u003[aA]")
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]', re.DOTALL)
"""A string, to its end or to the end of the text, or a mark outside strings. Possessive repeats
(`*+`) keep the memory for a long string constant."""
_CONTAINERS = (dict, list)
_SPACE = b" \t\r\n"
TOGETHER = 192
_TOGETHER_BYTES = 1024 * 1024
"""Texts, and bytes of them, that are handed on together, unless one alone is longer. As many texts
as three rows of the store hold, so that few rows are less than full."""

_COMMAS_PER_ELEMENT = 100
"""More commas than this for each element allowed: count elements before making a slice of each."""


def decode(data: bytes, *, depth: int, keys: int) -> Any:
    """The value of one JSON text.

    Raises JsonError, and nothing else, for all bytes that are not strict JSON, that nest deeper
    than `depth` arrays and objects, or that hold more than `keys` object members in all.
    """
    try:
        value = _decode(data)
        _check(data, value, _encode(value), depth, keys)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise JsonError(f"not JSON: {error if _is_utf8(data) else 'not UTF-8'}") from None
    except RecursionError:
        raise JsonError("nested too deeply") from None
    return value


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def value_of(text: bytes, *, depth: int, keys: int) -> Any | JsonError:
    """As `decode`: the value, or why it is not taken."""
    try:
        return decode(text, depth=depth, keys=keys)
    except JsonError as error:
        return error


def values_of(texts: Sequence[bytes], *, depth: int, keys: int) -> list[Any | JsonError]:
    """As `value_of`, of several texts, which are in memory together: see `slices`.

    Most texts are written as the decoder's own writer would write them, which is told of all at
    once; only the others are looked at one by one.
    """
    try:
        values = list(map(_decode, texts))
        written = list(map(_encode, values))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return [value_of(text, depth=depth, keys=keys) for text in texts]
    return [
        value
        if text == again and len(text) <= 4 * keys and text.count(b"{") + text.count(b"[") <= depth
        else _checked(text, value, again, depth, keys)
        for text, value, again in zip(texts, values, written, strict=True)
    ]


def slices(texts: Sequence[bytes]) -> Iterator[slice]:
    """Which texts are taken together: all of them, a slice at a time.

    A value may take fifty times as much memory as its text, so the bytes of a slice are bounded.
    """
    if sum(map(len, texts)) <= _TOGETHER_BYTES:
        yield from (slice(at, at + TOGETHER) for at in range(0, len(texts), TOGETHER))
        return
    start = size = 0
    for index, text in enumerate(texts):
        size += len(text)
        if index > start and (size > _TOGETHER_BYTES or index - start >= TOGETHER):
            yield slice(start, index)
            start, size = index, len(text)
    if start < len(texts):
        yield slice(start, len(texts))


def elements(
    data: bytes, *, depth: int, keys: int, limit: int
) -> Iterator[tuple[bytes, Any | JsonError]]:
    """Each element of a JSON array: its own bytes, and its value or why it is not taken.

    A broken element does not spoil the others, as long as its strings and brackets are closed.
    `depth` and `keys` hold for each element. Raises JsonError, before the first element, when the
    text is not an array that can be split, or has more than `limit` elements.
    """
    found = lots(data, depth=depth, keys=keys, limit=limit)
    return (element for parts, values in found for element in zip(parts, values, strict=True))


def lots(
    data: bytes, *, depth: int, keys: int, limit: int
) -> Iterator[tuple[list[bytes], list[Any | JsonError]]]:
    """As `elements`, some at a time: the bytes of each, and the values of each."""
    parts = _split(data, limit)

    def lot(some: slice) -> tuple[list[bytes], list[Any | JsonError]]:
        mine = parts[some]
        array = b"[%b]" % b",".join(mine)
        flat = _read(_flat, array) if depth else []
        values = flat or _read(_decode, array)
        # An element of n bytes has fewer than n / 4 members: `"":1` and a comma are five.
        if len(values) == len(mine) and max(map(len, mine)) <= 4 * keys:
            if flat and _have_all_commas(array, flat):
                return mine, values
            if (flat or _are_shallow(array, mine, depth)) and _are_whole(mine, values):
                return mine, values
        return mine, [value_of(part, depth=depth, keys=keys) for part in mine]

    return map(lot, slices(parts))


def _read(read: Callable[[bytes], list[Any]], array: bytes) -> list[Any]:
    """The values of an array's elements; none where `read` does not take it."""
    try:
        return read(array)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return []


def _have_all_commas(array: bytes, flat: list[dict[str, Any]]) -> bool:
    """Whether objects without containers have as many members as the commas of their array tell.

    Those between members and between objects are one fewer than members, at least: a member that
    was lost, an object without any and a comma in a string are each one more.
    """
    return array.count(b",") < sum(map(len, flat))


def _are_whole(parts: list[bytes], values: list[Any]) -> bool:
    """Whether no member is lost in what the values are written as."""
    try:
        written = list(map(_encode, values))
    except RecursionError:  # each is read by itself then, and refused where it is at fault
        return False
    return parts == written or _is_all(b",".join(parts), b",".join(written))


def _are_shallow(array: bytes, parts: list[bytes], depth: int) -> bool:
    """Whether no element of an array nests too deep, by all its brackets, also those in strings."""
    # Mostly an element begins with a brace and has no other bracket: to look for one is faster.
    if depth and array.find(b"[", 1) < 0 and max(map(_last_brace, parts), default=0) <= 0:
        return True
    return all(part.count(b"{") + part.count(b"[") <= depth for part in parts)


def _check(data: bytes, value: Any, written: bytes, depth: int, keys: int) -> None:
    """Refuse what is not strict, or too much, of a decoded text; `written` is its compact text."""
    # Every container opens with a bracket and every member takes four bytes and a colon, so few
    # of them prove that the bounds hold, at the cost of a memory scan; only a text with many is
    # measured.
    many = len(data) > 4 * keys and data.count(b":") > keys
    if many or data.count(b"{") + data.count(b"[") > depth:
        _measure(value, depth, keys)
    _refuse_duplicates(data, written)


def _checked(text: bytes, value: Any, written: bytes, depth: int, keys: int) -> Any | JsonError:
    """The value of a decoded text, or why it is not taken."""
    try:
        _check(text, value, written, depth, keys)
    except JsonError as error:
        return error
    except RecursionError:
        return JsonError("nested too deeply")
    return value


def _measure(value: Any, depth: int, keys: int) -> None:
    """Refuse what nests or counts too much; level by level, so that depth costs no stack."""
    level = [value] if isinstance(value, _CONTAINERS) else []
    levels = members = 0
    while level:
        levels += 1
        if levels > depth:
            raise JsonError(f"nested deeper than {depth} levels")
        below: list[Any] = []
        for container in level:
            if isinstance(container, dict):
                members += len(container)
                children: Any = container.values()
            else:
                children = container
            below += [child for child in children if isinstance(child, _CONTAINERS)]
        if members > keys:
            raise JsonError(f"more than {keys} keys")
        level = below


def _refuse_duplicates(data: bytes, written: bytes) -> None:
    """Refuse a text in which an object has a key twice.

    The decoder keeps the last of two members and drops the first with all its bytes. A colon stands
    once in every member and otherwise only inside strings, so the compact text of the decoded value
    has exactly as many colons as `data` if nothing was dropped, and fewer if anything was. Only an
    escaped colon (`\\u003a`) comes back unescaped and could make up for a lost one: such texts, and
    those with a difference, are read once more, by the slow reader that sees every member.
    """
    if _is_all(data, written):
        return
    # Numbers are left as text: only the keys matter here.
    json.loads(data, object_pairs_hook=_unique, parse_int=str, parse_float=str)


def _is_all(data: bytes, written: bytes) -> bool:
    """Whether the decoded value, written compactly, certainly has every member of the text."""
    if written == data:
        return True
    escapes = b"\\" in data and _ESCAPED_COLON.search(data)
    return not escapes and written.count(b":") == data.count(b":")


def _unique(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise JsonError(f"the key {name[:64]!r} stands twice in one object")
        seen.add(name)


def _split(data: bytes, limit: int) -> list[bytes]:
    """The bytes of each element of an array."""
    commas = limit * _COMMAS_PER_ELEMENT
    if len(data) <= commas or data.count(b",") <= commas:
        try:
            slices = _slices(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return _cut(data, limit)
        if len(slices) > limit:
            raise JsonError(f"an array of more than {limit} elements")
        return list(map(bytes, slices))
    return _cut(data, limit)


def _cut(data: bytes, limit: int) -> list[bytes]:
    """The elements of an array of which some may be broken, cut at its own commas.

    Looks at strings and brackets only; whether an element is JSON is judged later, on its own.
    """
    start = len(data) - len(data.lstrip(_SPACE))
    if data[start : start + 1] != b"[":
        raise JsonError("not an array")
    parts: list[bytes] = []
    begin = start + 1
    nesting = 0
    for token in _TOKEN.finditer(data, start):
        mark = token[0]
        if mark == b"[" or mark == b"{":
            nesting += 1
        elif mark == b"]" or mark == b"}":
            nesting -= 1
            if nesting == 0:
                break
        elif mark == b"," and nesting == 1:
            parts.append(data[begin : token.start()].strip(_SPACE))
            begin = token.end()
            if len(parts) >= limit:
                raise JsonError(f"an array of more than {limit} elements")
    if nesting or data[token.end() :].strip(_SPACE):
        raise JsonError("not an array: it does not end where it should")
    last = data[begin : token.start()].strip(_SPACE)
    return [*parts, last] if parts or last else []

"""The dedup key of an event: equal for two sendings of one event of one source, and only for them.

Pure. Must not know: how long a key is remembered, or what becomes of a duplicate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from receiver.columns import Places, column, lacks
from receiver.contract import DedupRule, Source
from receiver.finding import ready
from receiver.locator import Place, of_body

KEY_BYTES = 16
LONGEST_PLAIN = 48
"""Characters of a value that stands in a key as it is: to hash it costs more than to keep it."""

_PLAIN = {int, float, bool}
"""What is written without quotes and commas."""

NO_RULE = DedupRule(parts=(), body=False, window=None)
"""Of an event without a dedup key."""

_encode = msgspec.json.Encoder().encode


class DedupKeys:
    """Makes the dedup keys of one source; the part of each key that never changes is made once."""

    def __init__(self, source: Source) -> None:
        self._rules = [
            (rule, [ready(part) for part in rule.parts], _seed(source, rule), _is_payload(rule))
            for rule in source.dedup
        ]
        self._columns = [column(part) for part in source.dedup[0].parts] if source.dedup else []

    def of(self, place: Place, raw: bytes) -> tuple[bytes | None, DedupRule]:
        """The key of an event, and the rule that made it.

        The first rule of which every part exists makes the key; None: never a duplicate.
        """
        for rule, parts, seed, payload in self._rules:
            found: list[str] = []
            for find in parts:
                value = find(place)
                if value is None:
                    break
                found.append(value if type(value) is str else _written(value))
            else:
                return _payload_key(seed, raw) if payload else _key(rule, seed, found, raw), rule
        return None, NO_RULE

    def of_all(
        self, places: Places, raws: Sequence[bytes]
    ) -> tuple[Sequence[bytes | None], Sequence[DedupRule]]:
        """As `of`, for each of some events: their keys, and the rules that made them."""
        if not self._rules:
            return [None] * len(places), [NO_RULE] * len(places)
        rule, parts, seed, payload = self._rules[0]
        columns = [find(places) for find in self._columns]
        keys: list[bytes] | None
        if payload:
            keys = _payload_keys(seed, columns, raws)
        elif len(parts) == 1 and not rule.body:
            keys = _plain(seed, columns[0])
        else:
            keys = _digests(rule, seed, columns, raws)
        if keys is None:
            each = [self.of(place, raw) for place, raw in zip(places.each, raws, strict=True)]
            return [key for key, _ in each], [its for _, its in each]
        return keys, [rule] * len(keys)


def _is_payload(rule: DedupRule) -> bool:
    """Whether the payload alone tells an event of the rule from every other.

    It is in the key, and has in it all that the parts are: they only say whether the rule holds.
    """
    return rule.body and all(map(of_body, rule.parts))


def _payload_key(seed: hashlib.blake2b, raw: bytes) -> bytes:
    """A hash of the rule and the payload: SHA-256, for which processors have instructions."""
    return hashlib.sha256(seed.digest() + raw).digest()[:KEY_BYTES]


def _payload_keys(
    seed: hashlib.blake2b, columns: list[list[Any]], raws: Sequence[bytes]
) -> list[bytes] | None:
    """As `_payload_key`, of each event; None where the rule does not hold of one."""
    if any(map(lacks, columns)):
        return None
    begun = hashlib.sha256(seed.digest())
    keys: list[bytes] = []
    for raw in raws:
        digest = begun.copy()
        digest.update(raw)
        keys.append(digest.digest()[:KEY_BYTES])
    return keys


def _key(rule: DedupRule, seed: hashlib.blake2b, found: list[str], raw: bytes) -> bytes:
    """A hash of what the rule's parts are, or that of the rule itself with a short value after."""
    if len(found) == 1 and not rule.body and 0 < len(found[0]) <= LONGEST_PLAIN:
        return seed.digest() + found[0].encode("utf-8", "surrogatepass")
    digest = seed.copy()
    told = _told(found)
    digest.update(told + raw if rule.body else told)
    return digest.digest()


def _plain(seed: hashlib.blake2b, values: list[Any]) -> list[bytes] | None:
    """As `_key`, of short texts; None where one is not."""
    if set(map(type, values)) != {str} or "" in values or max(map(len, values)) > LONGEST_PLAIN:
        return None
    start = seed.digest()
    return [start + value.encode("utf-8", "surrogatepass") for value in values]


def _digests(
    rule: DedupRule, seed: hashlib.blake2b, columns: list[list[Any]], raws: Sequence[bytes]
) -> list[bytes] | None:
    """As `_key`, of what the rule's parts are of each event; None where one is to be asked."""
    quoted = [_quoted(column) for column in columns]
    told = _rows([column for column in quoted if column is not None])
    if told is None or None in quoted:
        return None
    keys: list[bytes] = []
    for text, raw in zip(told, raws, strict=True):
        digest = seed.copy()
        digest.update(text + raw if rule.body else text)
        keys.append(digest.digest())
    return keys


def _quoted(values: list[Any]) -> list[bytes] | None:
    """What `_told` makes of each of some values, without its quotes; None: it is to be asked.

    All are written in one go and taken apart where one ends and the next begins. That is certain
    as long as no text holds a backslash: without, none has a quote in it.
    """
    kinds = set(map(type, values))
    written = _encode(values)
    if kinds == {str}:
        return None if b"\\" in written else written[2:-2].split(b'","')
    return written[1:-1].split(b",") if kinds and kinds <= _PLAIN else None


def _rows(columns: list[list[bytes]]) -> list[bytes] | None:
    """What `_told` makes of the values of each row; None where there are no columns."""
    if not columns:
        return None
    return [b'["%b"]' % b'","'.join(row) for row in zip(*columns, strict=True)]


def _told(found: list[str]) -> bytes:
    """Several texts as one, by which ("ab", "c") is told from ("a", "bc")."""
    try:
        return _encode(found)
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON cannot hold
        return repr(found).encode("ascii", "backslashreplace")


def _written(value: object) -> str:
    """A scalar that is no string, as JSON: Python takes seven times as long to write a float."""
    return _encode(value).decode()


def _seed(source: Source, rule: DedupRule) -> hashlib.blake2b:
    """What tells a rule from every other one, whatever the order in which they are declared."""
    named = repr((source.name, rule.parts, rule.body))
    return hashlib.blake2b(named.encode(), digest_size=KEY_BYTES)

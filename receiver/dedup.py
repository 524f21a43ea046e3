"""The dedup key of an event: equal for two sendings of one event of one source, and only for them.

Pure. Must not know: how long a key is remembered, or what becomes of a duplicate.
"""

from __future__ import annotations

import hashlib

import msgspec

from receiver.contract import DedupRule, Source
from receiver.finding import ready
from receiver.locator import Place

KEY_BYTES = 16
LONGEST_PLAIN = 48
"""Characters of a value that stands in a key as it is: to hash it costs more than to keep it."""


_encode = msgspec.json.Encoder().encode


class DedupKeys:
    """Makes the dedup keys of one source; the part of each key that never changes is made once."""

    def __init__(self, source: Source) -> None:
        self._rules = [
            (rule, [ready(part) for part in rule.parts], _seed(source, rule))
            for rule in source.dedup
        ]

    def of(self, place: Place, raw: bytes) -> tuple[bytes | None, int | None]:
        """The key of an event and the seconds it is remembered (None: as the store does).

        The first rule of which every part exists makes the key; none: never a duplicate.
        """
        for rule, parts, seed in self._rules:
            found: list[str] = []
            for find in parts:
                value = find(place)
                if value is None:
                    break
                found.append(value if type(value) is str else _written(value))
            else:
                return _key(rule, seed, found, raw), rule.window
        return None, None


def _key(rule: DedupRule, seed: hashlib.blake2b, found: list[str], raw: bytes) -> bytes:
    """A hash of what the rule's parts are, or that of the rule itself with a short value after."""
    if len(found) == 1 and not rule.body and 0 < len(found[0]) <= LONGEST_PLAIN:
        return seed.digest() + found[0].encode("utf-8", "surrogatepass")
    digest = seed.copy()
    told = _told(found)
    digest.update(told + raw if rule.body else told)
    return digest.digest()


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

"""The dedup key of an event: equal for two sendings of one event of one source, and only for them.

Pure. Must not know: how long a key is remembered, or what becomes of a duplicate.
"""

from __future__ import annotations

import hashlib

from receiver.contract import DedupRule, Source
from receiver.locator import Place, text

KEY_BYTES = 16


class DedupKeys:
    """Makes the dedup keys of one source; the part of each key that never changes is made once."""

    def __init__(self, source: Source) -> None:
        self._rules = [(rule, _seed(source, rule)) for rule in source.dedup]

    def of(self, place: Place, raw: bytes) -> tuple[bytes | None, int | None]:
        """The key of an event and the seconds it is remembered (None: as the store does).

        The first rule of which every part exists makes the key; none: never a duplicate.
        """
        for rule, seed in self._rules:
            values = [text(part.find(place)) for part in rule.parts]
            found = [value for value in values if value is not None]
            if len(found) < len(values):
                continue
            digest = seed.copy()
            for value in found:
                encoded = value.encode("utf-8", "surrogatepass")
                # The length in front tells ("ab", "c") from ("a", "bc").
                digest.update(b"%d:%b" % (len(encoded), encoded))
            if rule.body:
                digest.update(hashlib.sha256(raw).digest())
            return digest.digest(), rule.window
        return None, None


def _seed(source: Source, rule: DedupRule) -> hashlib.blake2b:
    """What tells a rule from every other one, whatever the order in which they are declared."""
    named = repr((source.name, rule.parts, rule.body))
    return hashlib.blake2b(named.encode(), digest_size=KEY_BYTES)

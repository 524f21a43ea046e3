"""The filters that were in force when a route passed an event, by the trail of their changes.

Must not know: what is asked of them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from receiver.contract import Contract
    from receiver.filters import Filters
    from receiver.inbox.facts import Definition
    from receiver.inbox.registry import Registry


async def filters_of(
    registry: Registry,
    definitions: Iterable[Definition],
    versions: Collection[int],
    contract: Contract,
) -> dict[int, Filters]:
    """The filters of each of these versions, as far as the trail goes back."""
    from receiver.decisions import Book
    from receiver.filters import Filters, levels_of

    book, levels = Book(registry), levels_of(contract.events)
    found: dict[int, Filters] = {}
    for each in definitions:
        if each.kind == "filters" and each.version in versions:
            kept = json.loads(each.text)
            then = await book.filters_at(kept["revision"])
            if then is not None:
                found[each.version] = Filters(then, levels, default=kept["default"] == "enabled")
    return found

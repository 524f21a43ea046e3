"""Which routes have another name than the inbox knows them by.

Must not know: how a route is run.
"""

from __future__ import annotations

from collections.abc import Sequence

from receiver.dispatch.route import Route
from receiver.errors import ConfigError
from receiver.inbox.steering import Steering


async def renames(inbox: Steering, routes: Sequence[Route]) -> list[Route]:
    """The routes that go on from where another name is (`Route.was`).

    Raises StoreError, and ConfigError for a route that is new and says of itself that it had a name
    which no route has had: were it begun at the end, events between would be nobody's.
    """
    if not any(route.was for route in routes):
        return []
    known = {flow.route for flow in await inbox.flows()}
    found = []
    for route in routes:
        if not route.was or not known or route.name in known:
            continue
        if route.was not in known:
            raise ConfigError(
                f"route {route.name}: was = {route.was!r}, but there has been no such route (there"
                f" have been {', '.join(sorted(known))}): name the right one, or take `was` away to"
                " begin a new route"
            )
        found.append(route)
    return found

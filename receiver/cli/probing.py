"""`receiver routes test`: one sample event through a route's real sink, and how that is told.

Must not know: options, how an event is tried.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.contract import EventType
    from receiver.dispatch import Route
    from receiver.dispatch.probe import Probe


def plain(made: Probe) -> dict[str, Any]:
    """For JSON."""
    return asdict(made)


def said(made: Probe) -> str:
    """For a person."""
    from receiver.cli.dossier import wording

    if made.delivered:
        return f"delivered in {made.seconds * 1000:.0f} ms"
    if made.failure is not None:
        return f"failed after {made.seconds * 1000:.0f} ms: {wording(made.failure)}"
    return f"not tried: {made.why}"


def probe(route: Route, catalogue: Catalogue, type_name: str | None) -> Probe:
    """Deliver a sample of an event type, or of the first that the route wants.

    Raises ReceiverError where there is no such type, or the route wants none.
    """
    from receiver import logs
    from receiver.dispatch.probe import probe

    logs.configure()
    event = _chosen(route, catalogue, type_name)
    with redirect_stdout(sys.stderr):  # what the sink prints is for a person
        return asyncio.run(probe(route, catalogue, event))


def _chosen(route: Route, catalogue: Catalogue, type_name: str | None) -> EventType:
    from receiver.cli.wanting import wants_of
    from receiver.dispatch.probe import head
    from receiver.inbox import Head

    if type_name is not None:
        found = [each for each in catalogue.contract.events if each.name == type_name]
        if not found:
            from receiver.settings import nearest

            names = sorted({each.name for each in catalogue.contract.events})
            advice = nearest(type_name, names, "see: receiver spec show")
            raise ReceiverError(f"{type_name!r} is no event type of the contract; {advice}")
        return found[0]
    wants = wants_of(route, catalogue)
    for each in catalogue.contract.events:
        if wants(Head(1, each.source, each.name, None, None)) or wants(
            head(catalogue.contract, each)
        ):
            return each
    raise ReceiverError(f"route {route.name!r} wants no event type of the contract; name --type")

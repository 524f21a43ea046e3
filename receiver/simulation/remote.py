"""What a receiver elsewhere has of some events, asked one by one of the API on its admin listener.

Must not know: who sent them, where the token comes from.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from receiver.errors import ReceiverError
from receiver.simulation.account import Found

AGAIN_SECONDS = 0.5
AT_ONCE = 8
_DONE = ("passed", "dead")


async def ask_admin(
    admin: str, token: str, ids: Sequence[str], seconds: float, progress: Callable[[str], None]
) -> Found:
    """Look for the events, and wait so many seconds for their deliveries.

    Raises ReceiverError when the API does not answer, or does not let the token see every event.
    """
    seen: dict[str, dict[str, Any] | None] = {}
    pending = list(ids)
    end = time.monotonic() + seconds
    async with httpx.AsyncClient(
        base_url=admin.rstrip("/"),
        headers={"Authorization": f"Bearer {token}"},
        limits=httpx.Limits(max_connections=AT_ONCE),
        timeout=30,
        trust_env=False,
    ) as client:
        # Who may not see all of them is told 404 for some, which would look like a loss.
        await _get(client, "/v1/dead-letters?limit=1")
        while pending:
            for start in range(0, len(pending), AT_ONCE):
                some = pending[start : start + AT_ONCE]
                found = await asyncio.gather(*(_event(client, event_id) for event_id in some))
                seen |= dict(zip(some, found, strict=True))
            pending = [event_id for event_id in pending if not _done(seen[event_id])]
            if not pending or time.monotonic() >= end:
                break
            progress(f"waiting for the deliveries of {len(pending)} events")
            await asyncio.sleep(AGAIN_SECONDS)
    kept = {event_id: event for event_id, event in seen.items() if event is not None}
    counts: dict[str, Counter[str]] = {}
    for event in kept.values():
        for route in event["routes"]:
            state = route["state"] if route["state"] in _DONE else "open"
            counts.setdefault(route["route"], Counter())[state] += 1
    return Found(
        frozenset(kept),
        sum(bool(event["problems"] and not event["routes"]) for event in kept.values()),
        {name: dict(each) for name, each in sorted(counts.items())},
    )


def _done(event: dict[str, Any] | None) -> bool:
    return event is None or all(route["state"] in _DONE for route in event["routes"])


async def _event(client: httpx.AsyncClient, event_id: str) -> dict[str, Any] | None:
    """An event as the API shows it; None where there is none of that id."""
    event = await _get(client, f"/v1/events/{event_id}")
    if event is not None and "routes" not in event:
        raise ReceiverError("the receiver there is older: it does not tell what routes made of it")
    return event


async def _get(client: httpx.AsyncClient, path: str) -> dict[str, Any] | None:
    """What the API answers; None for a problem that says 404."""
    try:
        answer = await client.get(path)
        told: dict[str, Any] = answer.json() if answer.status_code in (200, 404) else {}
        if answer.status_code == 404 and told.get("status") == 404:
            return None
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        advice = "; RECEIVER_TOKEN has to be an admin's token" if status in (401, 403) else ""
        raise ReceiverError(f"{client.base_url} answers {status}{advice}") from None
    except (httpx.HTTPError, ValueError) as error:
        why = str(error) or type(error).__name__
        raise ReceiverError(f"{client.base_url} cannot be asked: {why}") from None
    return told

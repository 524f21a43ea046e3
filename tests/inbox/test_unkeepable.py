"""A verdict whose words the store refuses: what became of the event is kept without them."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from receiver.inbox import Failure, RouteStart

REFUSE = """
CREATE TRIGGER refuse BEFORE INSERT ON {table} WHEN new.message = 'unspeakable'
BEGIN SELECT RAISE(ABORT, 'no such words here'); END
"""


def everything(_head):
    return True


@pytest.mark.parametrize("table", ["attempts", "dead"])
async def test_words_that_the_store_refuses_do_not_hold_up_the_route(store, path, entry, table):
    inbox = store()
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry(node="a"), entry(node="b"), entry(node="a"), entry(node="b")])
    with sqlite3.connect(path) as foreign:
        foreign.execute(REFUSE.format(table=table))
    foreign.close()
    waiting, dead = await inbox.claim("r", 9, now=(now := entry().time), match=everything)
    failure = Failure(now, "error", "ValueError", "unspeakable")

    await inbox.defer(waiting, until=now + timedelta(hours=1), failure=failure)
    await inbox.bury(dead, failure=failure, at=now)

    [claim] = await inbox.claim("r", 9, now=now, match=everything)
    assert (claim.event.node, claim.attempt) == ("b", 1)
    [letter] = await inbox.dead_letters()
    assert letter.event.id == dead.event.id
    assert letter.failure.message in ("unspeakable", "what was said of it cannot be kept")
    await inbox.close()
    again = store()
    await again.register([RouteStart(route="r")])
    later = await again.claim("r", 9, now=now + timedelta(hours=2), match=everything)
    assert [(c.event.node, c.attempt) for c in later] == [("a", 2), ("b", 1)]

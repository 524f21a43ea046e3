"""SIGTERM under load: what was read is answered, what is under way ends, nothing happens twice."""

from __future__ import annotations

import os
from pathlib import Path

from campaign import campaign
from served import Served
from traffic import Traffic

TIMES = int(os.environ.get("RECEIVER_CRASH_ENDS", "4"))
"""The long form, `tox -e crash`, asks for twenty."""

ENDS = {"200 accepted", "200 duplicate", "ConnectionRefusedError"}
"""What a client may meet: the last answer says that it is the last."""


def test_ends_by_sigterm_lose_nothing_and_deliver_nothing_twice(tmp_path: Path) -> None:
    statuses: list[int] = []

    def end_again_and_again(served: Served, traffic: Traffic) -> None:
        for _ in range(TIMES):
            taken, delivered = traffic.done, sizes(served)
            while traffic.done < taken + 50 or any(
                now <= before for now, before in zip(sizes(served), delivered, strict=True)
            ):
                if traffic.over.wait(0.02):
                    return
            statuses.append(served.terminate())
        traffic.stopped = True

    outcome = campaign(
        tmp_path / "run", events=10**6, lanes=16, meanwhile=end_again_and_again, limit=400
    )
    print("\n".join(outcome.lines()))

    assert statuses == [0] * TIMES
    assert outcome.faults == []
    assert set(outcome.tally.statuses) <= ENDS, "a connection was reset, or an answer was missing"
    assert {found.again.total() for found in outcome.findings.values()} == {0}


def sizes(served: Served) -> list[int]:
    """How much each sink has noted."""
    return [
        path.stat().st_size if (path := served.notes(route)).exists() else 0
        for route in served.routes
    ]

"""`kill -9` of anything at any time under load: nothing that was answered 200 is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from campaign import campaign


@pytest.mark.parametrize(("workers", "events", "kills"), [(2, 30_000, 18), (4, 20_000, 12)])
def test_whatever_is_killed_every_event_answered_200_reaches_every_sink_in_order(
    tmp_path: Path, workers: int, events: int, kills: int
) -> None:
    outcome = campaign(
        tmp_path / "run", events=events, kills=kills, workers=workers, fail=0.01, limit=400
    )
    print("\n".join(outcome.lines()))

    assert outcome.faults == []
    assert len(outcome.kills) == kills
    assert len(outcome.tally.answered) == events

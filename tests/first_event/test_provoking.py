"""EVENTS.md says of every event how to provoke it on its platform."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from receiver import catalogue

EVENTS = Path(__file__).resolve().parents[2] / "generated" / "EVENTS.md"


def test_every_event_says_how_to_provoke_it() -> None:
    sections = {}
    for section in EVENTS.read_text().split('<a id="')[1:]:
        hook = section.partition('"')[0]
        said = re.search(r"^- How to provoke it: (.+)$", section, re.MULTILINE)
        if not hook.startswith("source-"):
            sections[hook] = unescape(said[1]) if said else ""
    wanted = {e.hook: e.trigger for e in catalogue.contract("receiver.generated").events}
    assert len(wanted) == 41
    assert sections == wanted
    assert all(sections.values())


def test_what_is_in_a_code_span_is_shown_as_it_is() -> None:
    text = EVENTS.read_text()
    assert "publish any JSON to `node/<node_id>/alert`" in text
    assert "group/sharing?groups=&lt;node_group_id>" in text

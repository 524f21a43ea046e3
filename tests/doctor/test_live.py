"""The doctor beside a receiver that runs: what that has open may be for one at a time."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from receiver.bulletin import Told
from receiver.doctor import sinks

ONCE = '''
from receiver import Sink, hookimpl

class Once(Sink):
    """May be open once at a time."""

    def open(self):
        raise BlockingIOError("somebody has it")

    @hookimpl
    def on_event(self, event): ...
'''


def test_what_a_running_receiver_has_open_is_not_opened_again(tmp_path: Path) -> None:
    (tmp_path / "sinks").mkdir()
    (tmp_path / "sinks" / "once.py").write_text(ONCE)
    routes = dict.fromkeys(("live", "changed", "shut"), "once")
    tables = "".join(f'[routes.{name}]\nsink = "once"\n' for name in routes)
    (tmp_path / "receiver.toml").write_text(f'plugins_dir = "sinks"\n{tables}')
    told = {
        "live": {"plugin": "once", "state": "running"},
        "changed": {"plugin": "other", "state": "running"},
        "shut": {"plugin": "once", "state": "starting"},
    }
    environ = {**os.environ, "RECEIVER_CONFIG": str(tmp_path / "receiver.toml")}

    live = Told(datetime.now(UTC), 7, told, [])
    found = list(sinks.tried({"once": "once.py"}, routes, environ, live))

    good = [each.text for each in found if each.state == "ok"]
    failed = [each.text for each in found if each.state == "fail"]
    assert good == ["route live (once) is open in process 7, which delivers"]
    assert [text.split()[1] for text in failed] == ["changed", "shut"]
    assert all("somebody has it" in text for text in failed)

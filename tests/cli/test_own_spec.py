"""A platform that this repository does not know: YAML in, its event at a sink, no code."""

from __future__ import annotations

from pathlib import Path

from receiver.testing import RunningReceiver

SPEC = Path(__file__).resolve().parents[1] / "compiler" / "specs" / "acme.yaml"
SINK = """
from receiver import hookimpl

@hookimpl
def acme_opened(event):
    print("the door", event.node, "is open", event.data.door.floor)
"""


def test_an_event_of_an_own_spec_reaches_the_hook_of_its_own_name(tmp_path: Path) -> None:
    receiver = RunningReceiver(
        tmp_path, config='contract = "acme_events"', plugins={"doors.py": SINK}
    )
    made = receiver.run("generate", "--spec", str(SPEC), "--out", "acme_events")
    assert made.returncode == 0, made.stderr
    with receiver:
        [answer] = receiver.send(
            "door.opened", "--set", "door.serial=00000042", "--set", "door.floor=3"
        )
        assert answer["said"] == "accepted"
        assert receiver.wait_for("the door 00000042 is open 3")

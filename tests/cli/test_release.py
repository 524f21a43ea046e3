"""`quarantine release`: the platform changed, the spec follows, what was kept goes on its way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from receiver.testing import RunningReceiver

SPEC = Path(__file__).resolve().parents[1] / "compiler" / "specs" / "acme.yaml"
SINK = """
from receiver import hookimpl

@hookimpl
def on_event(event):
    print(f"got {event.node} seq {event.seq} released {event.released}.", flush=True)
"""


def generate(receiver: RunningReceiver, text: str) -> None:
    (receiver.folder / "acme.yaml").write_text(text, encoding="utf-8")
    made = receiver.run("generate", "--spec", "acme.yaml", "--out", "acme_events")
    assert made.returncode == 0, made.stderr


def asked(receiver: RunningReceiver, *arguments: str) -> Any:
    done = receiver.run("quarantine", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_the_spec_knows_now_is_released_once_and_the_rest_stays(tmp_path: Path) -> None:
    config = 'contract = "acme_events"\n'
    receiver = RunningReceiver(tmp_path, config=config, plugins={"doors.py": SINK})
    spec = SPEC.read_text(encoding="utf-8")
    generate(receiver, spec)
    with receiver:
        ids = []
        for serial in ("00000001", "00000002"):
            [answer] = receiver.send(
                "door.opened", "--set", f"door.serial={serial}", "--set", 'door.floor="ground"'
            )
            ids += answer["ids"]
        receiver.send("door.opened", "--set", "door.floor=[]")
        shapes = asked(receiver, "list")
        assert [(s["field"], s["seen"], s["count"]) for s in shapes] == [
            ("/door/floor", "string", 2),
            ("/door/floor", "array", 1),
        ]
        assert asked(receiver, "release", "--all", "--dry-run")["released"] == 0

        generate(
            receiver,
            spec.replace("type: integer\n          nullable: true", "type: string", 1).replace(
                "floor: 2", 'floor: "2"'
            ),
        )
        assert asked(receiver, "show", ids[0])["releasable"] is True
        dry = asked(receiver, "release", "--all", "--dry-run")
        assert (dry["released"], dry["still_wrong"]) == (2, 1)
        done = asked(receiver, "release", ids[0], "--yes")
        assert (done["released"], done["still_wrong"]) == (1, 0)
        receiver.wait_for("got 00000001 seq 1 released True.")

        racing = [
            subprocess.Popen(
                [sys.executable, "-m", "receiver", "quarantine", "release", "--all", "--yes"],
                cwd=receiver.folder,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        said = [each.communicate(timeout=60)[0] for each in racing]
        assert sum("released: 1" in each for each in said) == 1, said
        receiver.wait_for("got 00000002 seq 2 released True.")
        assert len(asked(receiver, "list", "--events")) == 1
        got = [line for line in receiver.lines if line.startswith("got ")]
        assert len(got) == 2

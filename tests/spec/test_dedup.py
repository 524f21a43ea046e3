"""Dedup keys outlive the process that made them: every other one makes the same."""

from __future__ import annotations

import os
import subprocess
import sys

KEYS = """
from receiver import catalogue
from receiver.dedup import DedupKeys
from receiver.locator import Place

contract = catalogue.contract("receiver.generated")
for event in contract.events:
    keys = DedupKeys(contract.sources[event.source])
    for envelope in (None, {"MessageId": "m-1"}):
        place = Place(event.sample, [], None, envelope)
        print(event.name, envelope, keys.of(place, b"as it was sent"))
"""


def test_every_process_makes_the_same_key_of_the_same_event() -> None:
    told = set()
    for seed in ("0", "1", "2", "3", "4"):
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", KEYS]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        told.add(done.stdout)
    assert len(told) == 1
    assert "m-1" in told.pop()

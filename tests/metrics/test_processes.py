"""Counts add up over processes, and outlive them, without a file for each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from receiver.contract import Contract
from receiver.metrics import Exposition, Ingest, clear, fold

COUNTING = """
import sys
from pathlib import Path
from receiver import catalogue
from receiver.metrics import Ingest
ingest = Ingest(catalogue.load().contract, Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    ingest.committed(0.001, 2)
ingest._strangers[404] += int(sys.argv[2])
ingest.flush()
print("counted", flush=True)
sys.stdin.read()
"""
MANY = """
import os, sys
from pathlib import Path
from receiver import catalogue
from receiver.metrics import Ingest
contract = catalogue.load().contract
for _ in range(20):
    if (child := os.fork()) == 0:
        Ingest(contract, Path(sys.argv[1])).committed(0.001, 1)
        os._exit(0)
    os.waitpid(child, 0)
"""
Read = Callable[[], Any]


def counting(folder: Path, count: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTING, str(folder), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def end(process: subprocess.Popen[str], number: signal.Signals = signal.SIGKILL) -> None:
    process.send_signal(number)
    process.communicate()


def test_processes_add_up_while_they_run_and_after_they_were_killed(
    folder: Path, read: Read
) -> None:
    first, second = counting(folder, 3), counting(folder, 4)
    assert read().value("receiver_commit_seconds_count") == 7
    end(first)
    assert read().value("receiver_commit_seconds_count") == 7
    third = counting(folder, 5)
    assert read().value("receiver_commit_events_sum") == 24
    assert read().value("receiver_requests_strangers_total", status="404") == 12
    end(second)
    end(third)
    assert read().value("receiver_commit_events_sum") == 24
    assert read().value("receiver_commit_seconds_bucket", le="0.001") == 12


def test_the_files_of_processes_that_ended_become_one(folder: Path, read: Read) -> None:
    subprocess.run([sys.executable, "-c", MANY, str(folder)], check=True)
    assert len(list(folder.glob("histogram_*.db"))) == 20
    fold(folder)
    assert [path.name for path in folder.glob("histogram_*.db")] == ["histogram_ended.db"]
    assert read().value("receiver_commit_seconds_count") == 20


def test_a_process_that_runs_keeps_its_file(folder: Path) -> None:
    process = counting(folder, 1)
    fold(folder)
    assert (folder / f"histogram_{process.pid}.db").exists()
    end(process)


def test_a_start_begins_at_zero_but_for_who_still_runs(folder: Path, read: Read) -> None:
    end(counting(folder, 3))
    fold(folder)
    end(counting(folder, 3))
    running = counting(folder, 2)
    clear(folder)
    assert read().value("receiver_commit_seconds_count") == 2
    end(running)


def test_a_damaged_file_of_a_process_that_ended_is_left_out(folder: Path, read: Read) -> None:
    process = counting(folder, 3)
    end(process)
    (folder / f"histogram_{process.pid}.db").write_bytes(b"\xff" * 100)
    assert read().value("receiver_commit_seconds_count") == 0
    assert read().value("receiver_requests_strangers_total", status="404") == 3


def test_a_forked_child_counts_for_itself(contract: Contract, folder: Path, read: Read) -> None:
    ingest = Ingest(contract, folder)  # made before the fork, opened after it
    child = os.fork()
    if child == 0:
        ingest.committed(0.001, 1)
        os._exit(0)
    os.waitpid(child, 0)
    ingest.committed(0.001, 1)
    assert read().value("receiver_commit_seconds_count") == 2


def test_it_does_not_matter_who_imported_the_client_library_first(folder: Path) -> None:
    script = f"""
import prometheus_client
prometheus_client.Counter("of_a_plugin", "that came first").inc()
from pathlib import Path
from receiver import catalogue
from receiver.metrics import Exposition, Ingest
contract, folder = catalogue.load().contract, Path({str(folder)!r})
Ingest(contract, folder).committed(0.001, 1)
print(Exposition(contract, folder)()[0].decode())
"""
    found = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout
    assert "receiver_commit_seconds_count 1.0" in found


def test_the_exposition_is_in_prometheus_text_format(contract: Contract, folder: Path) -> None:
    text, media_type = Exposition(contract, folder)()
    assert media_type.startswith("text/plain; version=")
    assert text.endswith(b"\n")

"""Under `receiver serve`: all processes are one exposition, and they log JSON."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from receiver.testing import RunningReceiver

CONFIG = """
[server]
workers = 2
grace = 2

[sources.gridx]
secrets = [{ name = "a", value = "a-canary-secret" }]

[routes.archive]
sink = "jsonl"
[routes.archive.settings]
path = "archive.jsonl"
"""
HOSTILE = "\x1b[2J\x9bnot-a-type"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningReceiver]:
    folder = tmp_path_factory.mktemp("served")
    with RunningReceiver(folder, config=CONFIG, command="serve") as receiver:
        yield receiver


def scrape(receiver: RunningReceiver) -> dict[str, float]:
    """The value of each series, by the name and the sorted label values."""
    answer = httpx.get(receiver.admin + "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        " ".join(
            [sample.name, *(value for _, value in sorted(sample.labels.items()))]
        ): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def until(receiver: RunningReceiver, **expected: float) -> dict[str, float]:
    """The figures, once these are as expected; counts are handed on once a second."""
    wanted = {name.replace("__", " "): value for name, value in expected.items()}
    end = time.monotonic() + 60
    while True:
        found = scrape(receiver)
        if {name: found.get(name) for name in wanted} == wanted:
            return found
        assert time.monotonic() < end, {name: found.get(name) for name in wanted}
        time.sleep(0.1)


def test_workers_and_backstage_are_one_and_a_worker_that_dies_takes_nothing_away(
    served: RunningReceiver,
) -> None:
    served.send("appliance/online", "--count", "30")
    for _ in range(7):
        httpx.post(served.url + "/gridx/events", content=b"{}")
    counted = {
        "receiver_events_total__gridx__accepted": 30,
        "receiver_refused_total__missing__gridx": 7,
        "receiver_deliveries_total__archive": 30,
    }
    until(served, **counted, receiver_commit_events_sum=30, receiver_route_lag_events__archive=0)

    for pid in workers(served):
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    until(served, **counted)
    served.send("appliance/online", "--count", "2")
    until(
        served,
        **{
            **counted,
            "receiver_events_total__gridx__accepted": 32,
            "receiver_deliveries_total__archive": 32,
        },
    )
    files = sorted(path.name for path in (served.folder / ".receiver/metrics").glob("counter_*"))
    assert "counter_ended.db" in files
    assert len(files) <= 4, files


def workers(receiver: RunningReceiver) -> list[int]:
    """The processes of web workers: they say so when they are started."""
    told = [re.search(r"Booting worker with pid: (\d+)", line) for line in receiver.lines]
    return [int(match[1]) for match in told if match]


def test_logs_are_json_and_hold_nothing_raw_and_no_secret(served: RunningReceiver) -> None:
    raw = served.folder / "raw.json"
    raw.write_text(json.dumps({"type": HOSTILE, "id": "1"}), encoding="utf-8")
    served.send("appliance/online", "--raw", str(raw), "--url", served.url)
    httpx.post(
        served.url + "/gridx/events", headers={"X-Signature": b"sha512=\xff\x1b"}, content=b""
    )
    served.wait_for('"reason":"quarantined"')
    logged = [line for line in served.lines if line.startswith("{")]
    for line in logged:
        told: dict[str, Any] = json.loads(line)
        assert {"event", "level", "logger", "timestamp"} <= told.keys()
    said = "\n".join(served.lines)
    assert all(line.isprintable() for line in served.lines)
    assert "a-canary-secret" not in said
    assert {json.loads(line)["logger"].partition(".")[0] for line in logged} == {
        "gunicorn",
        "receiver",
    }


def test_a_flood_of_refusals_is_a_few_lines(served: RunningReceiver) -> None:
    mark = len(served.lines)
    with httpx.Client(base_url=served.url) as client:
        for _ in range(300):
            client.post("/flespi/messages", content=b"[]")
    assert sum("flespi" in line for line in served.lines[mark:]) <= 2 * 6

"""The load generator: wrk, which sends requests from a file over many connections.

Must not know: what is measured.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from receiver.errors import ReceiverError

CONNECTIONS = 64
MANY_CONNECTIONS = 256
"""As a load balancer keeps open to one receiver."""

_SCRIPT = """
local requests
function init(arguments)
  requests = io.open(arguments[1], "rb")
  requests:setvbuf("full", 1048576)
end
function request()
  local length = requests:read(8)
  if not length then
    requests:seek("set", 0)
    length = requests:read(8)
  end
  return requests:read(tonumber(length))
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\nmeasured {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What the generator saw."""

    requests: int
    """Answered, whatever the answer."""
    seconds: float
    p50: float
    """Milliseconds from request to answer; with every connection always busy, so a queue."""
    p99: float
    refused: int
    """Answers that were no success."""
    broken: int
    """Connections that could not be made, were closed or took too long."""
    busy: float
    """The part of a processor that the generator took: near 1 it measures itself."""

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return self.requests / self.seconds


def find() -> str:
    """The generator's program. Raises ReceiverError when it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise ReceiverError("wrk, the load generator, is not installed: apt install wrk")
    return found


def run(wrk: str, url: str, requests: Path, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Send requests from a file for so long, each connection its next when the last is answered."""
    script = requests.with_suffix(".lua")
    script.write_text(_SCRIPT, encoding="utf-8")
    before = _processor_seconds()
    done = subprocess.run(  # noqa: S603 (the generator, by its full path)
        [
            wrk,
            *("--threads", "1"),
            *("--connections", str(connections)),
            *("--duration", f"{max(1, round(seconds))}s"),
            *("--timeout", "30s"),
            *("--script", str(script)),
            *(url, "--", str(requests)),
        ],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    busy = _processor_seconds() - before
    said = [line for line in done.stdout.splitlines() if line.startswith("measured ")]
    if not said:
        raise ReceiverError(f"wrk: {(done.stderr or done.stdout).strip()[-300:]}")
    told = json.loads(said[0].removeprefix("measured "))
    lasted = told["microseconds"] / 1e6
    return Load(
        requests=told["requests"],
        seconds=lasted,
        p50=told["p50"] / 1e3,
        p99=told["p99"] / 1e3,
        refused=told["refused"],
        broken=told["broken"],
        busy=busy / lasted,
    )


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

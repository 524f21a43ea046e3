"""What a sink does to its process costs its own route an attempt, and nobody else anything."""

from __future__ import annotations

from typing import Any

import pytest

EVENTS = 30

FAULTS = {
    "segfaults": ("ctypes.string_at(0)", "ProcessDied", "SIGSEGV (Segmentation fault)"),
    "exits": ("os._exit(3)", "ProcessDied", "ended with exit status 3"),
    "is killed": ("os.kill(os.getpid(), 9)", "ProcessDied", "SIGKILL (Killed, perhaps for want of"),
    "aborts": ("os.abort()", "ProcessDied", "SIGABRT (Aborted)"),
    "allocates": ("bytearray(2 << 30)", "MemoryError", ""),
    "loops": ("while True: pass", "ProcessDied", ""),
    "raises": ("raise ZeroDivisionError('the divisor')", "ZeroDivisionError", "the divisor"),
    # Who notices first, we or its own reader, decides between "closed its" and "ended with".
    "closes its socket": (
        "os.closerange(3, 100); time.sleep(2)",
        "ProcessDied",
        "closed its|ended with",
    ),
    "talks nonsense": ("return {'a': object}", "TypeError", "the hook returned {'a': <class"),
    "says False": ("return False", "", "the hook returned False"),
    "asks for another time": ("raise Retry('busy', after=0.2)", "Retry", "busy"),
    "exits politely": ("sys.exit(4)", "SystemExit", "4"),
}

SINK = """
class Bad(Keeps):
    @hookimpl
    {plain}def on_event(self, event):
        if event.id == "id-7" and self.once(event):
            {fault}
        self.keep(event)
"""


async def settled(stage: Any, route: str) -> bool:
    """Whether we know here of everything that its process has done."""
    status = await stage.status(route)
    return (status.delivered, status.in_flight) == (EVENTS, 0)


@pytest.mark.parametrize(
    ("inbox", "plain"),
    [("memory", ""), ("sqlite", "async ")],
    ids=["plain over memory", "async over sqlite"],
    indirect=["inbox"],
)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_the_route_tries_again_and_the_others_do_not_notice(
    stage: Any, eventually: Any, fault: tuple[str, str, str], plain: str
) -> None:
    code, error, message = fault
    await stage.append(EVENTS)
    bad = stage.route("bad", SINK.format(fault=code, plain=plain), deadline=1.5)
    async with stage.playing(bad, stage.good()):
        await eventually(lambda: stage.has_all("good"))
        await eventually(lambda: stage.has_all("bad"))
        await eventually(lambda: settled(stage, "bad"))
        status = await stage.status("bad")
    attempts = await stage.inbox.attempts("id-7")
    assert [(each.route, each.number) for each in attempts] == [("bad", 1)]
    if message or error == "MemoryError":
        assert attempts[0].failure.error == error
        assert any(words in attempts[0].failure.message for words in message.split("|"))
    else:
        assert attempts[0].failure.kind == "deadline"
    if error == "ProcessDied":
        assert "sink bad" in status.last_error
        assert status.restarts == 1

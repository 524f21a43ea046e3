"""What is told between a sink's process and its route: events, outcomes, what is wrong with it."""

from __future__ import annotations

import ast
import asyncio
import json
import sys
from typing import Any

import psutil
import pytest

from receiver import Sink, hookimpl
from receiver.dispatch import Transform, examine
from receiver.errors import PluginError
from receiver.inbox.memory import MemoryInbox
from receiver.plugins import Plugin


@pytest.fixture
async def inbox() -> Any:
    store = MemoryInbox()
    yield store
    await store.close()


async def test_a_crash_loop_slows_down_and_the_others_deliver(stage: Any, eventually: Any) -> None:
    code = """
class Crashes(Keeps):
    def open(self):
        with open(self.settings.folder / "opened", "a") as file:
            file.write("x")

    @hookimpl
    def on_event(self, event):
        ctypes.string_at(0)
"""
    await stage.append(200)
    async with stage.playing(stage.route("crashes", code), stage.good()):
        await eventually(lambda: stage.has_all("good"))
        await asyncio.sleep(4)
        await eventually(lambda: len((stage.folder / "opened").read_text()) >= 2)
        status = await stage.status("crashes")
        assert status.state in ("starting", "running")
    assert 2 <= len((stage.folder / "opened").read_text()) <= 8
    assert "SIGSEGV" in status.last_error
    assert status.delivered == 0


async def test_a_poisoned_event_of_a_batch_is_found(stage: Any, eventually: Any) -> None:
    code = """
class Batches(Keeps):
    @hookimpl
    def on_batch(self, events):
        if any(event.id == "id-7" and event.attempt < 3 for event in events):
            os._exit(1)
        for event in events:
            self.keep(event)
"""
    await stage.append(40)
    route = stage.route("batches", code, concurrency=1)
    async with stage.playing(route):
        await eventually(lambda: stage.has_all("batches"))
    assert len(await stage.inbox.attempts("id-7")) == 2
    assert len(await stage.inbox.attempts("id-39")) == 0


OPENING = {
    "a sink that does not open": ("raise ConnectionRefusedError('no')", "ConnectionRefusedError"),
    "a sink that dies as it opens": ("os._exit(9)", "exit status 9"),
}


@pytest.mark.parametrize(("code", "said"), OPENING.values(), ids=OPENING)
async def test_it_is_opened_again_until_it_opens(
    stage: Any, eventually: Any, code: str, said: str
) -> None:
    sink = f"""
class Late(Keeps):
    def open(self):
        try:
            (self.settings.folder / "first").touch(exist_ok=False)
        except FileExistsError:
            return
        {code}

    @hookimpl
    def on_event(self, event):
        self.keep(event)
"""
    await stage.append(3)
    async with stage.playing(stage.route("late", sink)):
        await eventually(lambda: stage.has_all("late"))
        assert said in (await stage.status("late")).last_error


@pytest.mark.parametrize("turns", [1, 3, 4, 5, 8, 20, 200])
async def test_a_route_that_is_stopped_while_its_process_starts_leaves_nothing(
    stage: Any, turns: int
) -> None:
    await stage.append(1)
    open_files = psutil.Process().num_fds()
    async with stage.playing(stage.good(isolation="process")):
        for _ in range(turns):
            await asyncio.sleep(0)
    children = [each for each in psutil.Process().children() if "isolation" in str(each.cmdline())]
    assert (children, psutil.Process().num_fds()) == ([], open_files)


async def test_outcomes_of_a_batch_come_across(stage: Any, eventually: Any) -> None:
    code = """
class Judges(Keeps):
    @hookimpl
    async def on_batch(self, events):
        for event in events:
            self.keep(event)
        kinds = [None, True, False, Retry("later", after=0.1), Reject("never"), ValueError("v"), 3]
        return [kinds[int(e.id[3:])] if e.attempt == 1 else None for e in events]
"""
    await stage.append(7, nodes=7)
    async with stage.playing(stage.route("judges", code)):
        await eventually(lambda: len(stage.kept("judges")) == 11)
    failures = {}
    for number in range(7):
        for each in await stage.inbox.attempts(f"id-{number}"):
            failures[number] = (each.failure.kind, each.failure.error)
    assert failures == {
        2: ("retry", ""),
        3: ("retry", "Retry"),
        4: ("reject", "Reject"),
        5: ("error", "ValueError"),
        6: ("error", "TypeError"),
    }


BROKEN = {
    "import os\nos._exit(3)": None,
    "import ctypes\nctypes.string_at(0)": None,
    "raise ImportError('no driver')": "cannot be imported: ImportError: no driver",
    "class A(Keeps):\n    @hookimpl\n    def on_evnt(self, event): ...": "did you mean on_event?",
}


@pytest.mark.parametrize(("code", "said"), BROKEN.items())
async def test_a_plugin_is_examined_without_being_imported(
    stage: Any, code: str, said: str | None
) -> None:
    route = stage.route("odd", code)
    before = set(sys.modules)
    if said is None:
        examine(route, "receiver.generated")
    else:
        with pytest.raises(PluginError, match=said.replace("?", r"\?")):
            examine(route, "receiver.generated")
    assert "receiver_plugin_odd" not in set(sys.modules) - before


async def test_a_plugin_that_cannot_be_used_breaks_its_route_only(
    stage: Any, eventually: Any
) -> None:
    await stage.append(5)

    async def broken() -> bool:
        return (await stage.status("odd")).state == "broken"

    open_files = psutil.Process().num_fds()
    async with stage.playing(stage.route("odd", "raise ImportError('x')"), stage.good()):
        await eventually(broken)
        await eventually(lambda: stage.has_all("good"))
    assert psutil.Process().num_fds() == open_files


async def test_a_transform_that_was_opened_for_such_a_route_is_closed_again(
    stage: Any, eventually: Any
) -> None:
    seen: list[str] = []

    class Opens(Sink):
        def open(self) -> None:
            seen.append("open")

        def close(self) -> None:
            seen.append("close")

        @hookimpl
        def transform(self, event: Any) -> Any:
            return event

    opens = Transform(name="opens", plugin=Plugin("opens", "a test", lambda: Opens))
    route = stage.route("odd", "raise ImportError('x')", transforms=(opens,))
    async with stage.playing(route):
        await eventually(lambda: "close" in seen)
    assert seen == ["open", "close"]


async def test_events_arrive_as_they_are(stage: Any, eventually: Any) -> None:
    code = """
class Looks(Keeps):
    @hookimpl
    def gridx_appliance_online(self, event):
        told = [event.seq, event.source, event.type, event.node, event.attempt, event.raw,
                str(event.time.tzinfo), type(event.data).__name__, event.data.extra]
        (self.settings.folder / "told").write_text(repr(told))
        self.keep(event)
"""
    sample = {**stage.catalogue.samples["gridx_appliance_online"], "new": [1, "ü"]}
    raw = json.dumps(sample).encode()
    await stage.append(1, raw=raw)
    async with stage.playing(stage.route("looks", code)):
        await eventually(lambda: stage.has_all("looks"))
    model = type(stage.catalogue.decoder("gridx", "appliance/online")(raw)).__name__
    assert ast.literal_eval((stage.folder / "told").read_text()) == [
        *(1, "gridx", "appliance/online", "n0", 1, raw, "UTC", model, {"new": [1, "ü"]})
    ]

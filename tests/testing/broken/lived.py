"""Sinks that leave something behind, answer what they may not, or tell secrets; and the suite."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from declared import Good, Suite, Talkative

from receiver import Event, Reject, Sink, hookimpl
from receiver.testing import SinkSuite

REGISTRY: dict[str, str] = {}
"""What only this process has."""


class Shut(Good):
    """Fail to open."""

    def open(self) -> None:
        raise ValueError("no")


class Once(Good):
    """Open once in the life of a process."""

    opened = False

    def open(self) -> None:
        if Once.opened:
            raise ValueError("it was open before")
        Once.opened = True


class Threaded(Good):
    """Leave its thread behind."""

    def open(self) -> None:
        threading.Thread(target=time.sleep, args=(4,), name="forgotten", daemon=True).start()


class Tasked(Good):
    """Leave its task behind."""

    async def open(self) -> None:
        self.task = asyncio.create_task(asyncio.sleep(60))


class Filed(Good):
    """Leave its file open."""

    def open(self) -> None:
        self.file = os.open(os.devnull, os.O_RDONLY)


class Sharing(Good):
    """Keep what it learns in its class."""

    seen: ClassVar[list[str]] = []

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        self.seen.append(event.id)


class Chatty(Good):
    """Return something."""

    @hookimpl
    def on_event(self, event: Event[Any]) -> str:
        return "ok"


class Blocking(Sink):
    """Sleep in an `async` hook."""

    @hookimpl
    async def gridx_appliance_online(self, event: Event[Any]) -> None:
        time.sleep(0.6)  # noqa: ASYNC251 (that is what is wrong with it)


class Stubborn(Sink):
    """Go on though cancelled."""

    @hookimpl
    async def gridx_appliance_online(self, event: Event[Any]) -> None:
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            await asyncio.sleep(2.5)


class Printing(Good):
    """Print."""

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        print(event.type)


class Hopeless(Good):
    """Give up at once."""

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        raise Reject("nobody is there")


class Leaking(Talkative):
    """Print its secret."""

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        print(self.settings.token.get_secret_value())


class Refusing(Good):
    """Deliver nothing."""

    @hookimpl
    def on_event(self, event: Event[Any]) -> bool:
        return False


class Rooted(Good):
    """Need something that only the process of the test has."""

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        REGISTRY["needed"]


class TestShut(Suite):
    sink = Shut


class TestOnce(Suite):
    sink = Once


class TestThreaded(Suite):
    sink = Threaded


class TestTasked(Suite):
    sink = Tasked


class TestFiled(Suite):
    sink = Filed


class TestSharing(Suite):
    sink = Sharing


class TestChatty(Suite):
    sink = Chatty


class TestBlocking(Suite):
    sink = Blocking


class TestStubborn(Suite):
    sink = Stubborn


class TestPrinting(Suite):
    sink = Printing


class TestLying(Suite):
    sink = Good

    @pytest.fixture
    def unreachable(self) -> Mapping[str, Any]:
        return {}


class TestHopeless(Suite):
    sink = Hopeless

    @pytest.fixture
    def unreachable(self) -> Mapping[str, Any]:
        return {}


class TestLeaking(Suite):
    sink = Leaking
    settings: ClassVar[dict[str, Any]] = {"token": "s3cr3t-of-the-suite"}


class TestRefusing(Suite):
    sink = Refusing


class TestRooted(SinkSuite):
    sink = "rooted"

    @pytest.fixture(autouse=True)
    def registered(self) -> None:
        REGISTRY["needed"] = "here"

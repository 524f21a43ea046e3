"""The promises of every sink, as tests: subclass, name the sink and its settings, run pytest.

Must not know: any sink.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, ClassVar

import pytest

from receiver.sink import Sink
from receiver.testing.answering import Answering
from receiver.testing.declaring import Declaring
from receiver.testing.living import Living
from receiver.testing.routing import Routing
from receiver.testing.subject import Subject, plugin_of
from receiver.testing.taking import Taking

Arrived = Callable[[], list[str]]
"""The ids of the events that are at the other end, in the order in which they came."""


class SinkSuite(Declaring, Living, Taking, Answering, Routing):
    """Tests that every sink passes.

        class TestChat(SinkSuite):
            sink = "chat"
            settings = {"url": "https://chat.example.com/room"}

    `sink` is the name of the entry point, the class, or a module of functions; `settings` are as a
    route in receiver.toml would have them. Where they depend on a fixture (a folder, a server),
    override the fixture `sink_settings` instead. The more of the following an author states, the
    more is tested; a test that lacks one is skipped and names it.
    """

    sink: ClassVar[str | type[Sink] | ModuleType]
    settings: ClassVar[Mapping[str, Any]] = {}
    contract: ClassVar[str] = "receiver.generated"
    """The dotted name of the generated package that events are of."""
    installed: ClassVar[bool] = True
    """Whether a distribution brings it; False for a one-file plugin."""
    idempotent: ClassVar[bool] = False
    """Whether an event that is delivered twice arrives once; asks for `arrived`."""
    ordered: ClassVar[bool] = True
    """Whether events arrive in the order in which they were handed over."""

    @pytest.fixture
    def sink_settings(self) -> Mapping[str, Any]:
        """The settings; override it where they need other fixtures."""
        return self.settings

    @pytest.fixture
    def unreachable(self) -> Mapping[str, Any] | None:
        """Settings with which its target is not there; override it to have that tested."""
        return None

    @pytest.fixture
    def arrived(self) -> Arrived | None:
        """What tells which events are at the other end; override it to have that tested."""
        return None

    @pytest.fixture
    def subject(self, sink_settings: Mapping[str, Any]) -> Subject:
        """The sink and its settings."""
        return Subject(plugin_of(self.sink), sink_settings, self.contract)

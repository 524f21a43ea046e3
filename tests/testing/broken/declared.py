"""Sinks that break what a sink promises before its first event, and the suite over each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar

from connects import Connects
from pydantic import ConfigDict, Field, SecretStr

from receiver import Event, Sink, hookimpl
from receiver.testing import SinkSuite


class Good(Sink):
    """Take every event and forget it."""

    class Settings(Sink.Settings):
        color: str = Field(default="red", description="What it likes.")

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        """Do nothing."""


class Untold(Good):
    """Come with a README that is silent about `color`."""


class OfTheFuture(Good):
    """Come from a later Receiver."""

    api = 99


class Wordless(Good):
    pass


class Misspelt(Good):
    """Have a hook that does not exist."""

    @hookimpl
    def on_evnt(self, event: Event[Any]) -> None:
        """Never called."""


class Demanding(Good):
    """Need more than it is given."""

    class Settings(Sink.Settings):
        address: str = Field(description="Where to.")


class Deaf(Sink):
    """Have a hook for nothing that there is."""

    @hookimpl(optionalhook=True)
    def acme_door_opened(self, event: Event[Any]) -> None:
        """Never called."""


class Undescribed(Good):
    """Keep to itself what a setting is for."""

    class Settings(Sink.Settings):
        color: str = "red"


class Formless(Good):
    """Have a setting that no form can ask for."""

    class Settings(Sink.Settings):
        how: Callable[[int], int] | None = Field(default=None, description="A function.")


class Careless(Good):
    """Take settings that it does not have."""

    class Settings(Sink.Settings):
        model_config = ConfigDict(extra="ignore")


class Thawed(Good):
    """Let its settings be changed."""

    class Settings(Sink.Settings):
        model_config = ConfigDict(frozen=False)


class OpenSecret(Good):
    """Have a secret that is a plain text."""

    class Settings(Sink.Settings):
        api_token: str = Field(default="", description="Lets it in.")


class Talkative(Good):
    """Show its secret to whoever prints it."""

    class Settings(Sink.Settings):
        token: SecretStr = Field(description="Lets it in.")

    def __repr__(self) -> str:
        return f"<Talkative {self.settings.token.get_secret_value()}>"


class Hasty(Good):
    """Start a thread when made."""

    def __init__(self, settings: Any = None, *, route: str = "") -> None:
        super().__init__(settings, route=route)
        threading.Thread(target=int, daemon=True).start()


class Suite(SinkSuite):
    installed: ClassVar[bool] = False


class TestGood(Suite):
    sink = Good


class TestFoundByName(SinkSuite):
    sink = Good


class TestOfTheFuture(Suite):
    sink = OfTheFuture


class TestWordless(Suite):
    sink = Wordless


class TestMisspelt(Suite):
    sink = Misspelt


class TestDemanding(Suite):
    sink = Demanding


class TestDeaf(Suite):
    sink = Deaf


class TestUndescribed(Suite):
    sink = Undescribed


class TestFormless(Suite):
    sink = Formless


class TestCareless(Suite):
    sink = Careless


class TestThawed(Suite):
    sink = Thawed


class TestOpenSecret(Suite):
    sink = OpenSecret


class TestTalkative(Suite):
    sink = Talkative
    settings: ClassVar[dict[str, Any]] = {"token": "s3cr3t-of-the-suite"}


class TestConnects(Suite):
    sink = Connects


class TestHasty(Suite):
    sink = Hasty


class TestUntold(SinkSuite):
    sink = "untold"

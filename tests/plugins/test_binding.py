"""A plugin on a route: settings checked, hooks found, mistakes named with their cure."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from pydantic import Field, SecretStr, field_validator

from receiver import Event, Sink, hookimpl
from receiver.errors import PluginError
from receiver.plugins import BoundSink, Plugin, bind

MakePlugin = Callable[[Any], Plugin]


class Store(Sink):
    class Settings(Sink.Settings):
        bucket: str
        token: SecretStr
        size: int = Field(default=3, ge=1)
        region: str = "eu"

        @field_validator("token")
        @classmethod
        def _long(cls, token: SecretStr) -> SecretStr:
            if len(token.get_secret_value()) < 9:
                raise ValueError(f"{token.get_secret_value()} is too short")
            return token

    @hookimpl
    def on_event(self, event: Event) -> None: ...


GOOD = {"bucket": "b", "token": "123456789"}


def refused(plugin: Plugin, settings: dict[str, Any], hooks: ModuleType) -> str:
    with pytest.raises(PluginError) as error:
        bind(plugin, "archive", settings, hooks)
    return str(error.value)


def test_missing_settings_are_named_with_the_toml_to_add(
    plugin: MakePlugin, hooks: ModuleType
) -> None:
    said = refused(plugin(Store), {}, hooks)
    assert "route archive: sink mine (mine 1.0) needs the settings bucket, token" in said
    assert '[routes.archive.settings]\nbucket = "…"\ntoken = "…"' in said


def test_a_misspelt_setting_is_named_with_the_nearest_one(
    plugin: MakePlugin, hooks: ModuleType
) -> None:
    said = refused(plugin(Store), {**GOOD, "regoin": "us"}, hooks)
    assert "has no setting regoin; did you mean region?" in said


def test_a_setting_of_the_wrong_kind_is_named(plugin: MakePlugin, hooks: ModuleType) -> None:
    said = refused(plugin(Store), {**GOOD, "size": 0}, hooks)
    assert "cannot use the setting size: should be greater than or equal to 1" in said


def test_a_refused_secret_is_not_told(plugin: MakePlugin, hooks: ModuleType) -> None:
    said = refused(plugin(Store), {**GOOD, "token": "hunter22"}, hooks)
    assert "too short" in said
    assert "hunter22" not in said


def test_a_sink_reads_its_settings(plugin: MakePlugin, hooks: ModuleType) -> None:
    bound = bind(plugin(Store), "archive", GOOD, hooks)
    assert isinstance(bound.sink, Sink)
    assert bound.sink.settings.bucket == "b"
    assert bound.sink.settings.size == 3
    assert bound.sink.name == "archive"
    assert "123456789" not in repr(vars(bound.sink)) + repr(bound)


def test_a_misspelt_hook_is_named_with_the_nearest_one(
    plugin: MakePlugin, hooks: ModuleType
) -> None:
    class Misspelt(Sink):
        @hookimpl
        def acme_thing_onn(self, event: Event) -> None: ...

        @hookimpl
        def on_evnet(self, event: Event) -> None: ...

    said = refused(plugin(Misspelt), {}, hooks)
    assert "no hook acme_thing_onn; did you mean acme_thing_on?" in said
    assert "no hook on_evnet; did you mean on_event?" in said


def test_a_hook_that_need_not_exist_is_no_mistake(plugin: MakePlugin, hooks: ModuleType) -> None:
    class Foreign(Sink):
        @hookimpl(optionalhook=True)
        def other_platform_thing(self, event: Event) -> None: ...

        @hookimpl
        def on_event(self, event: Event) -> None: ...

    assert bind(plugin(Foreign), "r", {}, hooks).on_event is not None


def test_a_hook_without_its_mark_is_a_mistake(plugin: MakePlugin, hooks: ModuleType) -> None:
    module = ModuleType("mine")

    @hookimpl
    def on_event(event: Event) -> None: ...

    def acme_thing_on(event: Event) -> None: ...

    vars(module).update(on_event=on_event, acme_thing_on=acme_thing_on)
    said = refused(plugin(module), {}, hooks)
    assert "acme_thing_on is not marked: write @hookimpl above it" in said


def test_a_plugin_without_hooks_is_told_how_to_have_one(
    plugin: MakePlugin, hooks: ModuleType
) -> None:
    assert "implements no hook; write @hookimpl" in refused(plugin(ModuleType("m")), {}, hooks)


def test_a_wrapper_is_refused(plugin: MakePlugin, hooks: ModuleType) -> None:
    class Wrapping(Sink):
        @hookimpl(wrapper=True)
        def on_event(self, event: Event) -> Any:
            return (yield)

    assert "on_event is a wrapper" in refused(plugin(Wrapping), {}, hooks)


def test_an_argument_that_hooks_do_not_get_is_refused(
    plugin: MakePlugin, hooks: ModuleType
) -> None:
    class Greedy(Sink):
        @hookimpl
        def on_event(self, event: Event, request: object) -> None: ...

    assert "request" in refused(plugin(Greedy), {}, hooks)


def test_a_module_of_functions_takes_no_settings(plugin: MakePlugin, hooks: ModuleType) -> None:
    module = ModuleType("mine")

    @hookimpl
    def on_event(event: Event) -> None: ...

    vars(module)["on_event"] = on_event
    assert bind(plugin(module), "r", {}, hooks).on_event is not None
    assert "takes no settings" in refused(plugin(module), {"a": 1}, hooks)


def test_one_plugin_may_serve_many_routes(plugin: MakePlugin, hooks: ModuleType) -> None:
    one, two = (
        bind(plugin(Store), name, {**GOOD, "bucket": name}, hooks) for name in ("one", "two")
    )
    assert [bound.sink.settings.bucket for bound in (one, two) if isinstance(bound.sink, Sink)] == [
        "one",
        "two",
    ]


class Many(Sink):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.got: list[Any] = []

    @property
    def costly(self) -> None:
        raise AssertionError("nobody asked for it")

    @hookimpl
    def acme_thing_on(self, event: Any) -> None:
        self.got.append(event)

    @hookimpl
    def acme_thing_1(self) -> None:
        self.got.append("without")

    @hookimpl(specname="on_batch")
    async def everything_else(self, events: Any) -> None: ...


@pytest.fixture
def many(plugin: MakePlugin, hooks: ModuleType) -> BoundSink:
    return bind(plugin(Many), "r", {}, hooks)


def test_the_hooks_of_a_sink_are_known(many: BoundSink) -> None:
    assert many.hooks == {"acme_thing_on", "acme_thing_1", "on_batch"}
    assert many.on_event is None
    assert many.hook_for("acme_thing_off") is None


def test_a_hook_may_leave_out_the_event(many: BoundSink) -> None:
    for name in ("acme_thing_on", "acme_thing_1"):
        hook = many.hook_for(name)
        assert hook is not None
        hook("the event")
    assert vars(many.sink)["got"] == ["the event", "without"]


def test_async_hooks_are_told_from_plain_ones(many: BoundSink) -> None:
    assert many.on_batch is not None
    assert many.on_batch.asynchronous
    plain = many.hook_for("acme_thing_on")
    assert plain is not None
    assert not plain.asynchronous


def test_binding_opens_no_http_client(many: BoundSink) -> None:
    assert "http" not in vars(many.sink)

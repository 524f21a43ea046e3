"""What a sink promises before its first event: its name, its words, its settings, its import.

Must not know: events on their way.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
from pydantic import BaseModel, ValidationError

from receiver.errors import PluginError
from receiver.plugins import check
from receiver.sink import API, SinkSettings
from receiver.testing.subject import Subject, broken

SECRET = re.compile(r"(?<![a-z])(password|passwd|secret|token|api_?key|credentials?)(?![a-z])")
OPENINGS = ("socket.connect", "socket.bind", "subprocess.Popen", "os.fork")
"""Audit events (docs.python.org, "Audit events table") of what must wait for `open`."""
THREAD = "threading.Thread.start"
IMPORT = """
import sys
found = []
sys.addaudithook(lambda event, _args: found.append(event) if event in {openings!r} else None)
import importlib, threading
start = threading.Thread.start
threading.Thread.start = lambda self: (found.append({thread!r}), start(self))[1]
importlib.import_module({module!r})
print("\\n".join(dict.fromkeys(found)))
"""
IMPORT_SECONDS = 60.0

_watched: list[str] | None = None
_hooked = False


def _audit(event: str, _arguments: Any) -> None:
    if _watched is not None and event in OPENINGS:
        _watched.append(event)


@contextmanager
def openings() -> Iterator[list[str]]:
    """The connections, processes and threads that are begun within the block."""
    global _watched, _hooked
    if not _hooked:
        sys.addaudithook(_audit)  # there is no way to take it off again
        _hooked = True
    found: list[str] = []
    _watched = found
    start = threading.Thread.start

    def told(thread: threading.Thread) -> None:
        found.append(THREAD)
        start(thread)

    try:
        with patch.object(threading.Thread, "start", told):  # it raises no audit event everywhere
            yield found
    finally:
        _watched = None


def settings_of(subject: Subject) -> type[SinkSettings]:
    """The settings' model; skips where a sink is a module of functions."""
    loaded = subject.loaded
    if isinstance(loaded, ModuleType):
        pytest.skip("a module of functions has no settings")
    return loaded.Settings


class Declaring:
    """Tests of a sink that takes no event."""

    installed: ClassVar[bool]

    def test_it_is_found_by_its_name(self, subject: Subject) -> None:
        if not self.installed:
            pytest.skip("`installed = False`: a one-file plugin")
        if not subject.installed:
            broken(
                "a distribution names its sink in the entry-point group `receiver.sinks`",
                f"no installed distribution leads to {subject.plugin.name};"
                " pip install -e . in its project",
            )

    def test_it_was_written_for_this_version_of_the_plugin_api(self, subject: Subject) -> None:
        try:
            subject.plugin.load()
        except PluginError as error:
            broken(f"a sink is a Sink class or a module of hooks, for plugin API {API}", str(error))

    def test_it_says_in_one_line_what_it_does(self, subject: Subject) -> None:
        summary = (inspect.getdoc(subject.loaded) or "").partition("\n")[0]
        ours = inspect.getdoc(subject.loaded.__mro__[1]) if inspect.isclass(subject.loaded) else ""
        if not summary or summary == (ours or "").partition("\n")[0]:
            broken(
                "its docstring's first line says what it does; `receiver sinks list` shows it",
                "it has no docstring of its own",
            )

    def test_its_hooks_exist_and_ask_for_what_they_are_given(self, subject: Subject) -> None:
        try:
            check(subject.plugin, subject.catalogue.hookspecs)
        except PluginError as error:
            broken("every @hookimpl is a hook of the contract, on_event or on_batch", str(error))

    def test_its_settings_are_accepted(self, subject: Subject) -> None:
        try:
            subject.bound()
        except PluginError as error:
            broken("the settings that the suite was given make a sink", str(error))

    def test_it_takes_an_event_type_of_the_contract(self, subject: Subject) -> None:
        if not subject.events():
            broken("a sink has a hook for an event type at least", "it takes none of the contract")

    def test_every_setting_is_described(self, subject: Subject) -> None:
        for name, field in settings_of(subject).model_fields.items():
            if not field.description:
                broken(
                    "every setting is a Field(description=…): forms and docs are made of it",
                    f"the setting {name} has none",
                )

    def test_its_settings_can_be_a_form(self, subject: Subject) -> None:
        model = settings_of(subject)
        try:
            json.dumps(model.model_json_schema())
        except Exception as error:
            broken(
                "every setting has a type that JSON Schema can say: text, number, list, table",
                f"{type(error).__name__}: {error}",
            )

    def test_an_unknown_setting_is_refused(self, subject: Subject) -> None:
        model = settings_of(subject)
        try:
            model.model_validate({**subject.settings, "no_such_setting": 1})
        except ValidationError:
            return
        broken(
            "a setting that it does not have is an error, for it may be a misspelt one",
            "its Settings take `no_such_setting`; derive them from Sink.Settings",
        )

    def test_settings_do_not_change(self, subject: Subject) -> None:
        model = settings_of(subject)
        if not issubclass(model, SinkSettings) or not model.model_config.get("frozen"):
            broken(
                "settings are frozen: another configuration is another sink",
                f"{model.__qualname__} is not derived from Sink.Settings, or thaws them",
            )

    def test_what_is_secret_by_its_name_is_a_secret_by_its_type(self, subject: Subject) -> None:
        for name, field in settings_of(subject).model_fields.items():
            if SECRET.search(name) and _plain_text(field.annotation):
                broken(
                    "what is secret is a SecretStr: then no log, error or page shows it",
                    f"the setting {name} is {field.annotation}",
                )

    def test_no_secret_is_shown(self, subject: Subject) -> None:
        secrets = subject.secrets()
        if not secrets:
            pytest.skip("its settings, as the suite was given them, hold no secret")
        sink: Any = subject.bound().sink
        shown = [repr(sink), str(sink), repr(sink.settings), sink.settings.model_dump_json()]
        for secret in secrets:
            if any(secret in text for text in shown):
                broken(
                    "neither a sink nor its settings show a secret, whatever prints them",
                    "repr, str or JSON of one of them holds a secret",
                )

    def test_importing_it_opens_nothing(self, subject: Subject) -> None:
        module = subject.loaded.__module__ if inspect.isclass(subject.loaded) else None
        module = module or subject.loaded.__name__
        code = IMPORT.format(openings=OPENINGS, thread=THREAD, module=module)
        done = subprocess.run(  # noqa: S603 (our own interpreter)
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
        if done.returncode:
            if self.installed:
                broken("its module can be imported", done.stderr.strip().splitlines()[-1])
            pytest.skip(f"{module} can be imported in this process only")
        if done.stdout.strip():
            broken(
                "importing it connects to nothing and starts no thread or process; `open` does",
                f"importing {module} does: {', '.join(done.stdout.split())}",
            )

    def test_making_it_opens_nothing(self, subject: Subject) -> None:
        with openings() as found:
            subject.bound()
        if found:
            broken(
                "making it connects to nothing and starts no thread or process; `open` does",
                f"making it does: {', '.join(dict.fromkeys(found))}",
            )

    def test_its_readme_lists_every_setting(self, subject: Subject) -> None:
        readme = subject.readme
        if readme is None or subject.plugin.origin.startswith("receiver-framework "):
            pytest.skip("its distribution has no README of its own")
        missing = [
            name
            for name in settings_of(subject).model_fields
            if name not in SinkSettings.model_fields and f"`{name}`" not in readme
        ]
        if missing:
            broken("its README tells of every setting", f"it does not of {', '.join(missing)}")


def _plain_text(annotation: Any) -> bool:
    """Whether a setting of this type may be a text that is shown as it is."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return False
    words = str(annotation)
    return "str" in words and "Secret" not in words

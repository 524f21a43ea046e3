"""One plugin on one route: its settings checked, its hooks found, everything misspelt named.

Each route has a plugin manager of its own that holds exactly one sink, so nothing that one sink
does is seen by another. Must not know: events on their way, the inbox.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher, get_close_matches
from types import ModuleType
from typing import Any

import pluggy
from pydantic import ValidationError

from receiver import hookspecs
from receiver.errors import PluginError
from receiver.plugins.discovery import Plugin
from receiver.plugins.hook import Hook, hook_of, transform_of
from receiver.plugins.inspection import Manager, manager, marked
from receiver.redaction import Redaction
from receiver.settings import KeyPath, plain
from receiver.sink import Sink, logger

MEANT = 0.85
"""How alike (difflib) a known word must be to be the only one that is suggested."""


class SettingError(PluginError):
    """A sink cannot be made with these settings; `path` leads to the first of them that is wrong.

    It is empty where settings are missing only.
    """

    def __init__(self, message: str, path: KeyPath) -> None:
        self.path = path
        super().__init__(message)


class BoundSink:
    """A sink that is ready to be opened for one route."""

    starting = 0.0
    """Seconds that opening it may take beyond what its own `open` does."""

    def __init__(self, plugin: Plugin, route: str, sink: Sink | ModuleType, hooks: Manager) -> None:
        self.name = plugin.name
        self.route = route
        self.sink = sink
        self.redaction = sink.redaction if isinstance(sink, Sink) else Redaction()
        self.log: Any = logger(route, self.redaction)
        self._hooks = {
            name: hook
            for name in vars(hooks.hook)
            if not name.startswith("_") and (hook := hook_of(hooks, name)) is not None
        }
        self.on_event = self.hook_for("on_event")
        self.on_batch = self.hook_for("on_batch")
        self.transform = transform_of(hooks, route)

    def hook_for(self, hook: str) -> Hook | None:
        """The sink's implementation of a hook, or None where it has none."""
        return self._hooks.get(hook)

    @property
    def hooks(self) -> frozenset[str]:
        """The names of the hooks that it implements."""
        return frozenset(self._hooks)

    @property
    def open(self) -> Callable[[], Any] | None:
        """The sink's `open`, plain or async; None for a module of functions."""
        return self.sink.open if isinstance(self.sink, Sink) else None

    @property
    def close(self) -> Callable[[], Any] | None:
        """The sink's `close`, plain or async; None for a module of functions."""
        return self.sink.close if isinstance(self.sink, Sink) else None

    async def release(self) -> None:
        """Close the HTTP client, where the sink has used it; after `close`."""
        client = vars(self.sink).pop("http", None) if isinstance(self.sink, Sink) else None
        if client is not None:
            await client.aclose()


def bind(
    plugin: Plugin, route: str, settings: Mapping[str, Any], contract_hooks: ModuleType
) -> BoundSink:
    """The plugin as the sink of `route`.

    `contract_hooks` is the generated module of hook specifications. Raises PluginError for a
    plugin that cannot be loaded, settings that are missing or wrong, and hooks that do not exist.
    """
    loaded = plugin.load()
    who = f"route {route}: sink {plugin.name} ({plugin.origin})"
    hooks = _specified(contract_hooks)
    _check_hooks(who, loaded, hooks)
    sink: Sink | ModuleType
    if isinstance(loaded, ModuleType):
        if settings:
            raise PluginError(f"{who} is a module of functions and takes no settings")
        sink = loaded
    else:
        sink = _made(who, loaded, route, settings)
    _register(who, hooks, sink, plugin.name)
    return BoundSink(plugin, route, sink, hooks)


def adopt(sink: Sink | ModuleType, contract_hooks: ModuleType) -> BoundSink:
    """A sink that is made already, as what a route has of it. Raises PluginError for its hooks."""
    loaded = sink if isinstance(sink, ModuleType) else type(sink)
    name = loaded.__name__
    hooks = _specified(contract_hooks)
    _check_hooks(f"sink {name}", loaded, hooks)
    _register(f"sink {name}", hooks, sink, name)
    return BoundSink(Plugin(name, name, lambda: loaded), name, sink, hooks)


def check(plugin: Plugin, contract_hooks: ModuleType) -> None:
    """Raise PluginError when a plugin could serve no route, whatever its settings.

    It cannot be loaded, or has hooks that do not exist or take other arguments.
    """
    loaded = plugin.load()
    who = f"sink {plugin.name} ({plugin.origin})"
    hooks = _specified(contract_hooks)
    _check_hooks(who, loaded, hooks)
    # Of a class, too, pluggy reads the functions and their arguments; none is called.
    _register(who, hooks, loaded, plugin.name)


def _specified(contract_hooks: ModuleType) -> Manager:
    """A plugin manager that knows every hook, and no plugin yet."""
    hooks = manager()
    hooks.add_hookspecs(hookspecs)
    hooks.add_hookspecs(contract_hooks)
    return hooks


def _register(who: str, hooks: Manager, sink: Any, name: str) -> None:
    try:
        hooks.register(sink, name)
    except pluggy.PluginValidationError as error:
        raise PluginError(f"{who}: {' '.join(str(error).split())}") from error
    hooks.check_pending()


def _check_hooks(who: str, loaded: Any, hooks: Manager) -> None:
    """Raise PluginError when hooks are misspelt, unmarked, wrapped or missing altogether."""
    known = {name for name in vars(hooks.hook) if not name.startswith("_")}
    found = marked(loaded)
    for hook in found:
        if hook.wrapper:
            raise PluginError(f"{who}: {hook.attribute} is a wrapper; a sink has plain hooks only")
    faults = [
        f"there is no hook {hook.name}{_nearest(hook.name, known)}"
        for hook in found
        if hook.name not in known and not hook.optional
    ]
    faults += [
        f"{hook.attribute} asks for {argument}"
        f"{_nearest(argument, given) or f'; the hook gives {given[0]}'}"
        for hook in found
        if hook.name in known and (given := getattr(hooks.hook, hook.name).spec.argnames)
        for argument in _arguments(loaded, hook.attribute)
        if argument not in given
    ]
    attributes = {hook.attribute for hook in found}
    faults += [
        f"{name} is not marked: write @hookimpl above it"
        for name in sorted(known & set(dir(loaded)) - attributes)
        if inspect.isfunction(function := getattr(loaded, name, None))
        and not hasattr(function, "receiver_hookstub")
    ]
    if faults:
        raise PluginError(f"{who}: {'; '.join(faults)}")
    if not found:
        raise PluginError(f"{who} implements no hook; write @hookimpl above a function `on_event`")


def _arguments(loaded: Any, attribute: str) -> list[str]:
    """The arguments that a hook's function must be given, without `self`."""
    function = getattr(loaded, attribute)
    names = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    plain = inspect.isfunction(inspect.getattr_static(loaded, attribute))
    return names[1:] if isinstance(loaded, type) and plain else names


def _nearest(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, sorted(known), n=3, cutoff=0.5)
    # One that is all but the same was meant; of several that are less so nobody knows.
    if len(close) > 1 and SequenceMatcher(None, word, close[0]).ratio() > MEANT:
        close = close[:1]
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _made(who: str, cls: type[Sink], route: str, settings: Mapping[str, Any]) -> Sink:
    try:
        checked = cls.Settings.model_validate(dict(settings))
    except ValidationError as error:
        given = [fault["loc"] for fault in error.errors() if fault["type"] != "missing"]
        raise SettingError(
            f"{who} {_faults(error, cls, route, settings)}", given[0] if given else ()
        ) from None
    try:
        return cls(checked, route=route)
    except (Exception, SystemExit) as error:
        text = Redaction(given_texts(settings)).text(f"{type(error).__name__}: {error}")
        raise PluginError(f"{who} cannot be made: {text}") from None


def _faults(
    error: ValidationError, cls: type[Sink], route: str, settings: Mapping[str, Any]
) -> str:
    """What is wrong with the settings, and the TOML to add where one is missing."""
    missing, wrong = [], []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "missing":
            missing.append(name)
        elif fault["type"] == "extra_forbidden":
            wrong.append(f"has no setting {name}{_nearest(name, cls.Settings.model_fields)}")
        else:
            # A validator of the plugin may have put the secret that it refused into its message.
            words = plain(fault["type"], fault["msg"], name)
            said = Redaction(_secret_texts(cls, settings)).text(words)
            wrong.append(f"cannot use the setting {name}: {said}" if name else f"says: {said}")
    if missing:
        noun = "setting" if len(missing) == 1 else "settings"
        lines = [
            f"[routes.{route}.settings]",
            *(f"{name} = {_sample(cls, name)}" for name in missing),
        ]
        wrong.append(f"needs the {noun} {', '.join(missing)}; add\n" + "\n".join(lines))
    return "; ".join(wrong)


def _sample(cls: type[Sink], name: str) -> str:
    """What a missing setting may look like in TOML."""
    field = cls.Settings.model_fields.get(name.partition(".")[0])
    annotation = field.annotation if field else None
    samples = {int: "1", float: "1.0", bool: "true"}
    example = field.examples[0] if field and field.examples else None
    if example is not None:
        return json.dumps(example, default=str)
    return samples.get(annotation, '"…"') if isinstance(annotation, type) else '"…"'


def _secret_texts(cls: type[Sink], settings: Mapping[str, Any]) -> list[str]:
    """The texts given for settings that are declared as secrets."""
    fields = cls.Settings.model_fields
    return given_texts(
        [value for name, value in settings.items() if "Secret" in repr(fields.get(name))]
    )


def given_texts(settings: Any) -> list[str]:
    """Every text in settings; any of them may be a secret."""
    if isinstance(settings, str):
        return [settings]
    if isinstance(settings, Mapping):
        return [text for value in settings.values() for text in given_texts(value)]
    return (
        [text for value in settings for text in given_texts(value)]
        if isinstance(settings, list)
        else []
    )

"""Which plugins there are: entry points of installed distributions, and files of a folder.

Must not know: routes, settings' values, the contract.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from receiver.errors import ConfigError, PluginError
from receiver.plugins.address import Address, Entry, File
from receiver.plugins.inspection import marked
from receiver.sink import API, Sink

GROUP = "receiver.sinks"
"""The entry-point group that installed sinks stand in."""

Loaded = type[Sink] | ModuleType
"""What a plugin is once imported."""


class Plugin:
    """One plugin that was found. It is imported when first loaded."""

    def __init__(
        self,
        name: str,
        origin: str,
        load: Callable[[], Any],
        address: Address | None = None,
        *,
        from_folder: bool = False,
    ) -> None:
        self.name = name
        """What a route's `sink` calls it."""
        self.origin = origin
        """Who brought it: a distribution and its version, or a file."""
        self.address = address
        """Where another process finds it; None where it can be had in this one only."""
        self.from_folder = from_folder
        """Whether it is a file of the plugins folder, which its user named: a mistake in it stops
        the start. One in a distribution that nobody routes is only told."""
        self._load = load
        self._loaded: Loaded | None = None
        self._error: PluginError | None = None

    def load(self) -> Loaded:
        """The Sink class or the module of functions; imported once.

        Raises PluginError, the same each time, when it cannot be imported, is no plugin, or was
        written for another API version.
        """
        if self._error is not None:
            raise self._error
        if self._loaded is None:
            try:
                self._loaded = _judged(self, self._load())
            except PluginError as error:
                self._error = error
                raise
            except (Exception, SystemExit) as error:
                self._error = PluginError(
                    f"sink {self.name} ({self.origin}) cannot be imported: {_brief(error)}"
                )
                raise self._error from error
        return self._loaded

    @property
    def edition(self) -> str:
        """What of it that is: another version of a distribution, or a changed file, is another."""
        changed = self.address.edition if self.address else ""
        return f"{self.origin} {changed}".rstrip()

    def owns(self, file: str) -> bool:
        """Whether code in this file is the plugin's own; does not import it."""
        return self.address is not None and self.address.owns(file)

    def __repr__(self) -> str:
        return f"<Plugin {self.name} of {self.origin}>"


def discover(plugins_dir: Path | None = None) -> dict[str, Plugin]:
    """Every plugin by name, in the order of names; nothing is imported.

    Where two bring the same name, that name's plugin cannot be loaded: its error names both.
    Raises ConfigError when there is no such folder.
    """
    found: dict[str, list[Plugin]] = {}
    for plugin in (*_installed(), *_files(plugins_dir)):
        found.setdefault(plugin.name, []).append(plugin)
    return {
        name: same[0] if len(same) == 1 else _contested(name, same)
        for name, same in sorted(found.items())
    }


def _installed() -> Iterator[Plugin]:
    seen = set()
    for entry in entry_points(group=GROUP):
        origin = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
        if (entry.name, entry.value, origin) not in seen:
            seen.add((entry.name, entry.value, origin))
            yield found_at(entry.name, origin, Entry(entry.value))


def found_at(name: str, origin: str, address: Address) -> Plugin:
    """The plugin at an address."""
    return Plugin(name, origin, address.load, address, from_folder=isinstance(address, File))


def _files(folder: Path | None) -> Iterator[Plugin]:
    if folder is None:
        return
    if not folder.is_dir():
        what = "is no folder; name the one it is in" if folder.exists() else "does not exist"
        raise ConfigError(f"{folder} {what}")
    for path in sorted(folder.glob("*.py")):
        if not path.stem.startswith("_"):
            yield found_at(path.stem, str(path), File(str(path.absolute())))


def _contested(name: str, plugins: list[Plugin]) -> Plugin:
    origins = " and ".join(plugin.origin for plugin in plugins)

    def refuse() -> Any:
        raise PluginError(f"sink {name} is brought by {origins}; uninstall or rename one of them")

    return Plugin(name, origins, refuse, from_folder=any(one.from_folder for one in plugins))


def _judged(plugin: Plugin, found: Any) -> Loaded:
    """`found` as a plugin: a Sink class, a module of hooks, or the one Sink class of a module."""
    who = f"sink {plugin.name} ({plugin.origin})"
    if isinstance(found, ModuleType):
        functions, sinks = marked(found), _sinks(found)
        if functions and sinks:
            raise PluginError(
                f"{who} has both a Sink class and functions with @hookimpl ({functions[0].name});"
                " make the functions methods of the class"
            )
        if len(sinks) > 1:
            names = ", ".join(sink.__name__ for sink in sinks)
            raise PluginError(f"{who} has {len(sinks)} Sink classes ({names}); name one of them")
        loaded: Loaded = sinks[0] if sinks else found
    elif isinstance(found, type) and issubclass(found, Sink):
        loaded = found
    else:
        raise PluginError(f"{who} is neither a module nor a subclass of receiver.Sink")
    api = getattr(loaded, "api", API)
    if isinstance(api, int) and api != API:
        newer = "update Receiver" if api > API else "update the plugin"
        raise PluginError(f"{who} was written for plugin API {api}, this is {API}: {newer}")
    return loaded


def _sinks(module: ModuleType) -> list[type[Sink]]:
    """The Sink classes that a module defines or, when it defines none, those that it imports."""
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Sink) and value is not Sink
    ]
    package = module.__name__
    own = [cls for cls in classes if f"{cls.__module__}.".startswith(f"{package}.")] or classes
    # A class that another one here builds on is that one's ground, not a sink of its own.
    return [cls for cls in own if not any(cls in other.__mro__[1:] for other in own)]


def _brief(error: BaseException) -> str:
    """The exception as one line, and where in the plugin it came from."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        # Nothing of the file has run: the traceback ends in this module.
        return f"{type(error).__name__}: {error.msg} ({error.filename}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    inside = [f for f in frames if not f.filename.startswith("<frozen") and f.filename != __file__]
    where = f" ({inside[-1].filename}, line {inside[-1].lineno})" if inside else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"

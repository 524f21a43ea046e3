"""Where a plugin's code is: so that another process finds it, and a file of it is known as its own.

Must not know: what a plugin is.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cached_property
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

OURS = "receiver"
"""The package that everything runs in; a plugin within it owns its module only."""


class Entry(msgspec.Struct, frozen=True, dict=True, tag="entry"):
    """An importable object: the value of an entry point, such as `receiver_http:Http`."""

    value: str

    edition = ""
    """Its distribution's version says it all."""

    def load(self) -> Any:
        """The object. Raises whatever importing it raises."""
        return EntryPoint(name="", value=self.value, group="").load()

    def owns(self, file: str) -> bool:
        """Whether a file belongs to its package; the plugin is not imported for it."""
        path = Path(file)
        return any(path == place or place in path.parents for place in self._places)

    @cached_property
    def _places(self) -> tuple[Path, ...]:
        parts = self.value.partition(":")[0].strip().split(".")
        if parts[0] == OURS:
            return _files(".".join(parts))
        for depth in range(1, len(parts) + 1):
            places = _files(".".join(parts[:depth]))
            if places:
                return places
        return ()


class File(msgspec.Struct, frozen=True, tag="file"):
    """A one-file plugin."""

    path: str

    @property
    def edition(self) -> str:
        """When it was changed."""
        try:
            return str(Path(self.path).stat().st_mtime_ns)
        except OSError:
            return ""

    def load(self) -> ModuleType:
        """The module. Raises whatever running it raises."""
        name = f"receiver_plugin_{Path(self.path).stem}"
        spec = importlib.util.spec_from_file_location(name, self.path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{self.path} is no Python file")
        module = importlib.util.module_from_spec(spec)
        # Dataclasses and pydantic look a class's module up there while it is still being imported.
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            sys.modules.pop(name, None)
            raise
        return module

    def owns(self, file: str) -> bool:
        return file == self.path


Address = Entry | File


def _files(module: str) -> tuple[Path, ...]:
    """The folder of a package or the file of a module; none of a namespace, or where none is."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return ()
    if spec is None or spec.origin is None:
        return ()
    if spec.submodule_search_locations and not module.startswith(f"{OURS}."):
        return tuple(Path(place) for place in spec.submodule_search_locations)
    return (Path(spec.origin),)

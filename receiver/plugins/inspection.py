"""Which hooks a class, an instance or a module implements, without running any code of it.

Must not know: which hooks exist.
"""

from __future__ import annotations

from functools import cached_property
from inspect import getattr_static
from typing import Any, NamedTuple

import pluggy

from receiver.hookspecs import PROJECT


class Marked(NamedTuple):
    """One function with @hookimpl."""

    attribute: str
    name: str
    """The hook that it implements."""
    wrapper: bool
    optional: bool
    """Whether the hook need not exist (`@hookimpl(optionalhook=True)`)."""


class Manager(pluggy.PluginManager):
    """A plugin manager that does not run the properties of what it registers."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        # pluggy reads every attribute; that would open a sink's HTTP client.
        if isinstance(getattr_static(plugin, name, None), property | cached_property):
            return None
        return super().parse_hookimpl_opts(plugin, name)


def manager() -> Manager:
    """An empty plugin manager of the project."""
    return Manager(PROJECT)


def marked(plugin: Any) -> list[Marked]:
    """The functions of `plugin` that are marked with @hookimpl, in the order of their names."""
    found = []
    reader = manager()
    for attribute in dir(plugin):
        options = reader.parse_hookimpl_opts(plugin, attribute)
        if options is not None:
            found.append(
                Marked(
                    attribute,
                    options.get("specname") or attribute,
                    bool(options.get("wrapper") or options.get("hookwrapper")),
                    bool(options.get("optionalhook")),
                )
            )
    return found

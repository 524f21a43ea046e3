"""One implementation of a hook, as it is called.

Must not know: which hooks there are, who calls them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from receiver.plugins.inspection import Manager


@dataclass(frozen=True, slots=True)
class Hook:
    """One implementation of a hook; takes the event (or the events), as the specification says."""

    name: str
    call: Callable[[Any], Any]
    asynchronous: bool
    """Whether calling it returns a coroutine and does nothing else yet."""

    def __call__(self, argument: Any) -> Any:
        return self.call(argument)


def transform_of(hooks: Manager, route: str) -> Hook | None:
    """The `transform` of what is registered, for a route; it takes the event only."""
    implementations = hooks.hook.transform.get_hookimpls()
    if not implementations:
        return None
    function, names = implementations[0].function, implementations[0].argnames

    def call(event: Any) -> Any:
        given = {"event": event, "route": route}
        return function(*(given[name] for name in names))

    return Hook("transform", call, inspect.iscoroutinefunction(function))


def hook_of(hooks: Manager, name: str) -> Hook | None:
    """The implementation of a hook by what is registered; None where it has none."""
    implementations = getattr(hooks.hook, name).get_hookimpls()
    if not implementations:
        return None
    function = implementations[0].function
    takes = bool(implementations[0].argnames)
    # A hook may leave out the argument that it does not want, as everywhere in pluggy.
    call = function if takes else (lambda _argument: function())
    return Hook(name, call, inspect.iscoroutinefunction(function))

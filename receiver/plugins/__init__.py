"""Finds installed and one-file plugins, and binds one to a route.

A plugin is a module of functions or a `Sink` class. Nothing of it is imported before it is needed,
and one that is broken says so when it is loaded, and stops no other.
Must not know: events on their way, the inbox.
"""

from receiver.plugins.anchoring import anchored, path_settings, whole
from receiver.plugins.autoroute import AutoRoute, autoroute
from receiver.plugins.binding import BoundSink, SettingError, adopt, bind, check
from receiver.plugins.description import Description, describe
from receiver.plugins.discovery import GROUP, Plugin, discover
from receiver.plugins.hook import Hook

__all__ = [
    "GROUP",
    "AutoRoute",
    "BoundSink",
    "Description",
    "Hook",
    "Plugin",
    "SettingError",
    "adopt",
    "anchored",
    "autoroute",
    "bind",
    "check",
    "describe",
    "discover",
    "path_settings",
    "whole",
]

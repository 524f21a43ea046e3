"""A sink in a process of its own: what it does to its process, it does to nobody else.

The process is started anew (never forked), told over a socket what to be, and called over it. Its
parent's end is `process`, its own is `child`; `frames` is what they say to each other.
Must not know: routes' places, outcomes, the inbox.
"""

"""A platform under load: it sends as the platform does, and accounts for every event in the end.

Must not know: the command line, how requests are signed.
"""

"""Proves on a user's own machine what Receiver promises: that what was acknowledged is kept.

Must not know: the command line, HTTP, plugins.
"""

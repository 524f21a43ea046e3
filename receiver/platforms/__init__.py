"""Clients of the platforms' own APIs: what their guides have one do by hand.

One module per platform. Must not know: the command line, the inbox, requests that come in.
"""

"""A public address for a receiver that has none: the tunnel, and whether it leaves events alone.

Must not know: the command line.
"""

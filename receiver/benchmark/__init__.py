"""Measures Receiver against a bare application and connexion, on this machine, in one run.

No running server loads any of it. Must not know: the command line.
"""

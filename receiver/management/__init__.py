"""The API that steers Receiver, in three dialects over one store; for the admin listener only.

The command line uses its parts, too, without connexion: so nothing is imported here.
Must not know: listeners, how routes are run.
"""

"""Looks at everything that Receiver needs here, and says what is wrong and how to put it right.

Nothing is changed (the store's folder is made; what is written to be measured is removed).
Must not know: the command line.
"""

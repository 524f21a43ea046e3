"""The sinks that come with Receiver; they use nothing that a stranger's plugin could not use.

Must not know: anything of Receiver but its porch, and how text is made printable.
"""

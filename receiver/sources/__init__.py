"""What is particular to one platform and cannot stand in the spec.

Must not know: other floors than those below; one platform's module must not know another's.
"""

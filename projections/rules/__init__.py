"""One clause of the checklist or of the agreement in each file, and the rulebook that lists them.

A rule sees the act, the standing and the time, and nothing else: no clock, no store, no randomness.
"""

"""Entries, their chain and their tree: bytes in, bytes out.

Nothing in here opens a file, asks a clock, draws a random number or knows an event. A check that fails
raises; it never returns False.
"""

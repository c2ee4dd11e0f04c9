"""Notices: what entries of the log call for, by e-mail and to programs, sent at least once.

Nothing in here decides, and no notice holds anything of learners or any free text that somebody typed in. What is to be
sent follows from the log alone, so it can't be lost; the outbox only remembers what was tried, and can be thrown away.
"""

"""The facts and their integrity.

Nothing in here knows a rule, HTTP or a command line; nothing in here imports `projections` or `api`.
"""

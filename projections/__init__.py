"""What the facts mean: standings and rules say what may happen, views say who holds what.

Nothing in here writes to the log or imports `api`.
"""

"""What an auditor relies on.

Nothing in here writes to the log. It verifies bytes, and takes from its caller what else is to be looked at.
"""

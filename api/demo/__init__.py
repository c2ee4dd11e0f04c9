"""A story for whoever sees the ledger for the first time. Every step is a command that anybody could type."""

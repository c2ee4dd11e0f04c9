"""Disposable tables: what the facts add up to, kept ready for questions.

A view knows no more than the log says, and can be dropped at any time. Nothing in here asks a clock, and no table
depends on the day: what is over, or in force, is found when somebody asks, for the day that they ask about.
"""

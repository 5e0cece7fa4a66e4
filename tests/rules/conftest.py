"""Hypothesis without a deadline (shared machines stall) and without a database in the checkout."""

from hypothesis import settings

settings.register_profile("rules", deadline=None, database=None)
settings.load_profile("rules")

"""Helpers of the tests. Nothing here imports frappe at import time: the rules tests run without a bench."""

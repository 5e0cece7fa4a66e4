"""Texts that go into a spreadsheet: what people typed stays text, and is never run as a formula (K6)."""

import re

# What spreadsheets take for a formula. A telephone number begins with a plus as well: it is left alone.
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d\s()./-]*$)")


def plain(text: str) -> str:
	"""Return a text as a spreadsheet may be given it: what would be a formula, behind an apostrophe (K6)."""
	return f"'{text}" if _FORMULA.match(text) else text

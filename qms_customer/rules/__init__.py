"""The procedures as pure functions on dataclasses. Nothing here imports frappe or touches a database.

Every rule of the procedures is found by its ID (A1 ... M3) with one grep: the ID stands in the docstring of
the function or the comment of the table that carries it.
"""


def mark(text: str) -> str:
	"""Return `text` unchanged; marks a message for translation, as `_()` does where frappe is."""
	return text


def says(text: str) -> bool:
	"""Return whether a text says something: "/" marks a field that does not apply (K1), it is no reason."""
	return text.strip() not in ("", "/")

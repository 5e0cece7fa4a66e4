"""What a replay says, in English or Chinese: the app's own translations, without Frappe."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
ROLE = "Role"
_FILE = Path(__file__).resolve().parent.parent / "translations" / "zh.csv"


@dataclass(frozen=True)
class Say:
	"""A text that is marked for translation, with its arguments; those may be texts themselves."""

	source: str
	args: tuple = ()
	context: str = ""


def say(source: str, *args: object) -> Say:
	"""Return a text with its arguments."""
	return Say(source, args)


@dataclass(frozen=True)
class Several:
	"""Texts that are listed, one behind the other."""

	parts: tuple


@cache
def _translations() -> dict[tuple[str, str], str]:
	with _FILE.open(encoding="utf-8", newline="") as file:
		return {(row[0], row[2] if len(row) > 2 else ""): row[1] for row in csv.reader(file) if len(row) > 1}


def _translated(text: Say) -> str:
	found = _translations()
	return found.get((text.source, text.context)) or found.get((text.source, "")) or text.source


def tell(what: object, language: str) -> str:
	"""Return a text, a number or a list of them in a language."""
	if isinstance(what, Say):
		source = _translated(what) if language == "zh" else what.source
		if what.context == ROLE:
			# The app's roles carry its name, which says nothing to a reader.
			source = source.removeprefix("QMS ")
		return source.format(*(tell(a, language) for a in what.args)) if what.args else source
	if isinstance(what, Several):
		return ("、" if language == "zh" else ", ").join(tell(p, language) for p in what.parts)
	if isinstance(what, int):
		return f"{what:,}"
	return str(what)


def several(parts: Iterable[object]) -> Several:
	"""Return a list of texts."""
	return Several(tuple(parts))

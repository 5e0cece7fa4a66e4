"""Refusals in the user's language: what is wrong, which rule, what to do next."""

from collections.abc import Iterable
from typing import NoReturn

import frappe
from frappe import _
from frappe.utils import escape_html

from qms_customer.rules.review import Refusal


class QMSRefusal(frappe.ValidationError):
	"""A rule of the procedures stands against what was asked. Nothing has been written."""


def say(message: str, args: Iterable[object] = ()) -> str:
	"""Return a message of rules/ in the user's language, arguments translated where they are terms, HTML-safe."""
	return _(message).format(*(escape_html(_(str(a))) for a in args))


def sentence(refusal: Refusal) -> str:
	"""Return a refusal as text, headed by the ID of its rule."""
	text = say(refusal.message, refusal.args)
	return text if text.startswith(f"{refusal.rule}:") else f"{refusal.rule}: {text}"


def refuse(refusals: Iterable[Refusal], title: str = "") -> NoReturn:
	"""Raise QMSRefusal with all refusals in one message."""
	lines = list(dict.fromkeys(sentence(r) for r in refusals))
	frappe.throw(
		lines if len(lines) > 1 else lines[0],
		QMSRefusal,
		title=title or _("Not Possible Yet"),
		as_list=len(lines) > 1,
	)


def refuse_one(rule: str, message: str, *args: object, title: str = "") -> NoReturn:
	"""Raise QMSRefusal with one message, already marked for translation by its caller."""
	refuse([Refusal(rule, message, tuple(str(a) for a in args))], title)

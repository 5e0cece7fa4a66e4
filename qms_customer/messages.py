"""Refusals in the user's language: what is wrong, which rule, what to do next."""

from collections.abc import Iterable
from functools import reduce
from typing import NoReturn

import frappe
from frappe import _
from frappe.utils import escape_html

from qms_customer.rules.review import Refusal


class QMSRefusal(frappe.ValidationError):
	"""A rule of the procedures stands against what was asked. Nothing has been written."""


def term(value: object) -> str:
	"""Return a term of the procedures, or a list of them, in the user's language; anything else as it is.

	A word that names a department is the department: "Production" is 生产部 here, not 生产.
	"""
	text = str(value)
	if (whole := _(text)) != text and ", " in text:
		return whole
	words = text.split(", ")
	shown = [_(word, context="Review Department") for word in words]
	return reduce(lambda some, one: _("{0}, {1}").format(some, one), shown) if shown != words else text


def say(message: str, args: Iterable[object] = ()) -> str:
	"""Return a message of rules/ in the user's language, its terms too, HTML-safe."""
	return _(message).format(*(escape_html(term(a)) for a in args))


def sentence(refusal: Refusal) -> str:
	"""Return a refusal as text, headed by the ID of its rule."""
	text = say(refusal.message, refusal.args)
	return text if text.startswith(f"{refusal.rule}:") else f"{refusal.rule}: {text}"


def refuse(
	refusals: Iterable[Refusal], title: str = "", notice_of: str = "", action: dict | None = None
) -> NoReturn:
	"""Raise QMSRefusal with all refusals in one message.

	`notice_of`: the sales order for which the message offers to make a change notice (E8). `action`: another
	button that it offers.
	"""
	lines = list(dict.fromkeys(sentence(r) for r in refusals))
	frappe.throw(
		lines if len(lines) > 1 else lines[0],
		QMSRefusal,
		title=title or _("Not Possible Yet"),
		as_list=len(lines) > 1,
		primary_action=_make_notice(notice_of) if notice_of else action,
	)


def warn(refusals: Iterable[Refusal], action: dict | None = None) -> None:
	"""Say what stands against something that is done all the same, because the settings let it."""
	lines = list(dict.fromkeys(sentence(r) for r in refusals))
	frappe.msgprint(
		lines if len(lines) > 1 else lines[0],
		title=_("Done All the Same"),
		indicator="orange",
		as_list=len(lines) > 1,
		primary_action=action,
	)


def refuse_one(rule: str, message: str, *args: object, title: str = "", notice_of: str = "") -> NoReturn:
	"""Raise QMSRefusal with one message, already marked for translation by its caller; see `refuse`."""
	refuse([Refusal(rule, message, tuple(str(a) for a in args))], title, notice_of)


def _make_notice(order: str) -> dict:
	"""The button of a message that asks on the form of the order what is to be changed."""
	return {
		"label": _("Make Change Notice"),
		"client_action": "qms_customer.offer_notice",
		"args": {"order": order},
		"hide_on_success": True,
	}

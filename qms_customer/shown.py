"""How stored things are shown to people: fields with their labels, values in the user's language,
templates.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import frappe
from frappe import _
from frappe.utils import fmt_money, format_date, format_datetime, get_link_to_form
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup, escape

from qms_customer.contract import people

VERDICT_COLOUR = {"Met": "green", "Not Met": "red", "Unknown": "orange"}
ANSWER_COLOUR = {"Met": "green", "Met with Conditions": "orange", "Not Met": "red", "Not Applicable": "gray"}

# What every document has besides its fields.
HEAD_LABELS = {"docstatus": "Status", "owner": "Created By", "creation": "Created On"}


def label(meta: Any, name: str) -> str:
	"""Return the label of a field in the user's language; the name of one that is no more."""
	field = meta.get_field(name)
	return _(field.label or name, context=meta.name) if field else name


def value(meta: Any, name: str, value: str, currency: str = "") -> str:
	"""Return a canonical value as people read it."""
	field = meta.get_field(name)
	if not field or not value:
		return value
	if field.fieldtype == "Date":
		return format_date(value)
	if field.fieldtype == "Datetime":
		return format_datetime(value)
	if field.fieldtype == "Currency":
		return fmt_money(value, currency=currency or None)
	if field.fieldtype == "Check":
		return _("Yes") if value == "1" else _("No")
	if field.fieldtype in ("Text Editor", "HTML Editor"):
		return frappe.utils.strip_html(value)
	if field.fieldtype == "Select":
		return _(value, context=meta.name)
	return value


@contextmanager
def language(code: str) -> Iterator[None]:
	"""Let the block speak a language, whatever the user's is."""
	before = frappe.local.lang
	frappe.local.lang = code
	try:
		yield
	finally:
		frappe.local.lang = before


def both(english: str, chinese: str = "", context: str | None = None) -> Markup:
	"""Return a label or a term in Chinese and in English side by side, as on the paper forms.

	`chinese`: where the form words it in a way of its own; else its translation. What has none stands alone.
	"""
	english = english or ""
	chinese = chinese or _(english, lang="zh", context=context)
	if chinese == english:
		return escape(english)
	return Markup(
		'<span class="qms-zh" lang="zh-CN">{}</span> <span class="qms-en" lang="en">{}</span>'
	).format(chinese, english)


def label_in_both(meta: Any, name: str) -> Markup:
	"""Return the label of a field in Chinese and English; the name of one that is no more."""
	field = meta.get_field(name) if meta else None
	return both(field.label or name, context=meta.name) if field else both(HEAD_LABELS.get(name, name))


def render(template: str, **context: Any) -> str:
	"""Return a template of ours filled in, everything in it escaped."""
	return _environment().get_template(template).render(**context)


@cache
def _environment() -> Environment:
	"""Return where our templates are compiled, once in a process: of one request that costs more than the
	rest of a panel. What depends on the user, or the site, is a function that is called in rendering.
	"""
	env = Environment(
		loader=PackageLoader("qms_customer", "templates"),
		autoescape=select_autoescape(default_for_string=True, default=True),
		trim_blocks=True,
		lstrip_blocks=True,
	)
	env.globals.update(
		_=_,
		link=lambda doctype, name, label=None: Markup(get_link_to_form(doctype, name, escape(label or name))),
		full_name=people.full_name,
		date=format_date,
		money=lambda amount, company: (
			fmt_money(amount, currency=frappe.get_cached_value("Company", company, "default_currency"))
			if amount
			else ""
		),
		datetime=lambda value: format_datetime(value) if value else "",
		verdict_colour=VERDICT_COLOUR,
		answer_colour=ANSWER_COLOUR,
	)
	return env

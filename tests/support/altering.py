"""Changes of committed orders for the tests: a proposal tried, and applied as if it had been approved."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime

from qms_customer.contract import altering, notices
from qms_customer.rules import content as content_rules
from qms_customer.rules import people as roles
from qms_customer.rules.notice import Proposal, RowChange
from tests.support import contracts as c
from tests.support.people import as_user


def row(name: str, **values: Any) -> RowChange:
	"""Return the change of a row."""
	return RowChange(name, values=values)


def added(**values: Any) -> RowChange:
	"""Return a row that is added."""
	return RowChange("", values=values)


def removed(name: str) -> RowChange:
	"""Return the removal of a row."""
	return RowChange(name, remove=True)


def change(*rows: RowChange, **head: Any) -> Proposal:
	"""Return the proposal of a change."""
	return Proposal("Change", rows, head)


def notice(world: c.World, order: Document, kind: str = "Change") -> Document:
	"""Return a notice, a draft, that names the order."""
	with as_user(world.sales):
		return notices.make(order, kind, reason="the customer wants it")


def fingerprint(outcome: altering.Outcome) -> str:
	"""Return the fingerprint that a dry run promises; fails if ERPNext refuses."""
	assert not outcome.refusals, outcome.refusals
	return content_rules.fingerprint(outcome.content)


def alter(world: c.World, order: Document, proposal: Proposal, user: str | None = None) -> Document:
	"""Try a change and apply it, as the Sales VP who approved it, and return the order."""
	made = notice(world, order, proposal.kind)
	promised = fingerprint(altering.dry_run(order.name, proposal))
	with as_user(user or world.vp):
		altering.apply(made, proposal, promised)
	return frappe.get_doc("Sales Order", order.name)


def shift(world: c.World, order: Document, days: int) -> Document:
	"""Return a notice that shifts each row by some days, confirmed and answered for: its approval is next
	(E3, E4).
	"""
	made = notice(world, order)
	with as_user(world.sales):
		made.reload()
		made.affects_production = "No"
		made.reason_category = made.meta.get_field("reason_category").options.strip().split("\n")[0]
		for line in made.lines:
			line.new_delivery_date = add_days(line.old_delivery_date, days)
		made.save()
		made = notices.put_forward(made.name, notices.shown_hash(made.reload()))
	with as_user(world.person(roles.PLANNING)):
		notices.answer_plan(
			made.name, notices.shown_hash(made.reload()), "Not Affected", "In stock; nothing is planned"
		)
	with as_user(world.sales):
		notices.confirm(
			made.name,
			notices.shown_hash(made.reload()),
			"Dr Li",
			str(now_datetime()),
			"Call",
			call_record="Dr Li asks for it later",
			internal_record="Told to everybody",
		)
	return made.reload()

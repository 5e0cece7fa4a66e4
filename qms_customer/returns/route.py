"""Where goods go whose return is approved: Sales decides by cost (G6)."""

from collections import defaultdict
from decimal import Decimal

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime

from qms_customer.contract import notify, people, states
from qms_customer.contract.facts import number
from qms_customer.messages import refuse
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.returns import accounted, inbox, opened, slips
from qms_customer.rules import disposal as rules
from qms_customer.rules import mark
from qms_customer.rules.people import BUSINESS_MANAGER, QUALITY, SALES_USER, SALES_VP
from qms_customer.rules.returns import BACK

# Who of Sales decides, the highest last.
SALES = (SALES_USER, BUSINESS_MANAGER, SALES_VP)
# K3: what the signature means.
ROUTED = mark("Route Decided")
# While goods are outstanding another route may be decided for them.
OPEN = (states.RETURN_ROUTING, states.RETURN_AWAITED, states.RETURN_DESTROYING)
_INCOMING = ("Delivery Note", "Sales Invoice")


def value(slip: Document) -> Decimal:
	"""Return what the goods of a slip that are outstanding cost us, in company currency; three queries at
	most (G6).

	By the valuation with which they were delivered; by the item's own where the delivery says none.
	"""
	outstanding = {name: part.outstanding for name, part in accounted.parts(slip).items()}
	rows: dict[str, set[str]] = defaultdict(set)
	for row in slip.items:
		if row.delivery_doctype in _INCOMING and row.delivery_row:
			rows[f"{row.delivery_doctype} Item"].add(row.delivery_row)
	costs: dict[str, Decimal] = {}
	for doctype, names in rows.items():
		found = frappe.get_all(
			doctype, filters={"name": ("in", sorted(names))}, fields=["name", "incoming_rate"]
		)
		costs.update({one.name: number(one.incoming_rate) for one in found if one.incoming_rate})
	own = {
		one.name: number(one.valuation_rate)
		for one in frappe.get_all(
			"Item",
			filters={"name": ("in", sorted({row.item_code for row in slip.items}))},
			fields=["name", "valuation_rate"],
		)
	}
	return sum(
		(
			outstanding[row.name] * costs.get(row.delivery_row or "", own.get(row.item_code, Decimal()))
			for row in slip.items
		),
		Decimal(),
	)


def decide(name: str, content_hash: str, route: str, freight: float | str | None, reason: str) -> Document:
	"""Decide by cost whether goods come back or are destroyed on site, signed by Sales; returns the slip (G6,
	K3).

	As long as goods are outstanding, another decision may follow for them. Raises QMSRefusal.
	"""
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G6", *OPEN)
	role = opened.require_role("G6", mark("Where returned goods go is decided by: {0}."), SALES)
	worth = value(slip)
	known = None if freight in (None, "") else number(freight)
	if found := rules.route_refusals(route, known, reason):
		refuse(found)
	signing.in_hand()
	slip.update(
		{
			"route": route,
			"freight": float(known),
			"goods_value": float(worth),
			"route_reason": reason,
			"routed_by": frappe.session.user,
			"routed_by_name": people.full_name(frappe.session.user),
			"routed_on": now_datetime(),
		}
	)
	refuse_incomplete(slip)
	slips.settle(slip)
	opened.save(slip)
	signing.sign(slip, ROUTED, role, comment=reason, shown_hash=content_hash)
	inbox.ask(slip)
	if route == BACK:
		text = _("Goods of {0} come back: {1}").format(slip.customer_name, slip.name)
		notify.tell(people.holders(QUALITY), text, slip)
	return slip

"""What the form of an advisory notice decision shows: why it is asked, whom it would reach, what comes next
(I1, I2).
"""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import getdate

from qms_customer.contract import people
from qms_customer.contract.facts import number
from qms_customer.feedback import advisory, advisory_steps, concerned, decisions
from qms_customer.returns.panel import Step
from qms_customer.rules import advisory as rules
from qms_customer.rules import mark
from qms_customer.rules.people import QUALITY
from qms_customer.shown import label, render

NEXT = {
	rules.UNDECIDED: Step(
		mark(
			"The management representative looks at what is concerned and to whom it went, and decides "
			"whether users are told."
		),
		"orange",
	),
	rules.NEEDED: Step(mark("Users are told: the notice is made from this decision."), "red"),
	rules.NOT_NEEDED: Step(mark("No notice is needed, for the reason that was given."), "green"),
}
# So many deliveries of a customer are listed at once; the rest opens.
LISTED = 20


def panel(doc: Document) -> dict[str, Any]:
	"""Return what the form shows, and which steps the current user may take (I1, I2)."""
	user = frappe.session.user
	may_decide, authority = advisory_steps.may_decide(doc)
	quality = people.is_present(user) and QUALITY in people.own_roles(user)
	undecided = doc.decision == rules.UNDECIDED
	may = []
	if authority:
		may += ["decide", "ask_more", "set_scope"]
	if undecided and (authority or quality):
		may.append("recompute")
	if undecided and quality:
		may.append("give")
	if not undecided and advisory_steps.is_representative():
		may.append("reopen")
	complaint = frappe.get_meta(advisory.COMPLAINT)
	customers = _customers(doc)
	return {
		"html": render(
			"panels/advisory.html",
			doc=doc,
			step=NEXT[doc.decision],
			late=undecided and getdate(doc.due_on) < getdate(),
			harmful=[label(complaint, question) for question in concerned.lines(doc.answers)],
			complaints=concerned.lines(doc.complaints),
			about_signal=doc.reference_doctype == advisory.SIGNAL,
			named=concerned.lines(doc.batches),
			customers=customers,
			outstanding=float(number(doc.delivered_qty) - number(doc.returned_qty)),
			listed=LISTED,
			stock=concerned.table(doc.stock),
			careful=bool(authority) and rules.NOT_NEEDED not in may_decide,
		),
		"hash": decisions.shown_hash(doc),
		"may": may,
		"decisions": may_decide,
		"role": authority.role if authority else "",
		"acting_for": people.full_name(authority.acting_for) if authority and authority.acting_for else "",
	}


def of_source(doctype: str, name: str) -> dict[str, Any]:
	"""Return which decisions there are of a complaint or a signal, and whether the user may ask for one (I1).

	Those that the user may not read are left out.
	"""
	found = (
		frappe.get_list(
			advisory.DOCTYPE,
			filters={"reference_doctype": doctype, "reference_name": name},
			fields=["name", "decision", "item_code"],
			order_by="creation",
		)
		if frappe.has_permission(advisory.DOCTYPE, "read")
		else []
	)
	return {"decisions": found, "may_ask": advisory.may_ask(frappe.session.user)}


def _customers(doc: Document) -> list[frappe._dict]:
	"""The deliveries by customer, those with most of it first."""
	by_customer: dict[str, list[frappe._dict]] = defaultdict(list)
	for one in concerned.table(doc.deliveries):
		one.left = number(one.quantity) - number(one.returned)
		by_customer[one.customer].append(one)
	found = [
		frappe._dict(
			customer=customer,
			customer_name=rows[-1].customer_name or customer,
			quantity=float(sum((number(r.quantity) for r in rows), Decimal())),
			returned=float(sum((number(r.returned) for r in rows), Decimal())),
			left=float(sum((r.left for r in rows), Decimal())),
			deliveries=rows,
		)
		for customer, rows in by_customer.items()
	]
	return sorted(found, key=lambda one: (-one.left, one.customer))

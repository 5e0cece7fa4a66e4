"""What the form of a register entry shows: where the contract stands, since when, and what it led to (D5)."""

from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate

from qms_customer.contract import people, register, registration, reviews
from qms_customer.contract.register_facts import APPLIED, CHANGE, ORDER, RETURN_SLIP
from qms_customer.messages import say
from qms_customer.rules import mark
from qms_customer.rules import people as people_rules
from qms_customer.rules import register as rules
from qms_customer.shown import render

MOST = 20
COLOURS = {
	rules.RECEIVED: "gray",
	rules.UNDER_REVIEW: "orange",
	rules.APPROVED: "blue",
	rules.SIGNED: "blue",
	rules.RELEASED: "purple",
	rules.IN_PRODUCTION: "purple",
	rules.PARTLY_DELIVERED: "yellow",
	rules.DELIVERED: "cyan",
	rules.PARTLY_PAID: "yellow",
	rules.PAID: "green",
	rules.CLOSED: "darkgrey",
	rules.CANCELLED: "red",
}


def panel(entry: Document) -> dict[str, Any]:
	"""Return what the form of an entry shows, what this person may do, and the hash to send back (D1, D2)."""
	contract = frappe.get_doc(entry.reference_doctype, entry.reference_name)
	user = frappe.session.user
	roles = people.own_roles(user) if people.is_present(user) else set()
	sales = bool(roles & set(reviews.PREPARERS))
	ended = entry.register_state == rules.CANCELLED
	right, why_not = registration.authority(entry, user)
	unsigned = bool(entry.contract_number) and not entry.signed_on and not ended
	refusals = rules.signing_refusals(
		entry.register_state, entry.contract_number or "", registration.approval_of(contract)
	)
	replaced = getdate(entry.formal_on) if entry.formal_on else None
	provisional = rules.is_open(entry.contract_kind or "", replaced, entry.register_state)
	return {
		"html": render(
			"panels/register.html",
			doc=entry,
			steps=steps(entry),
			linked=_linked(entry),
			provisional=provisional,
		),
		**_standing(entry, provisional),
		"hash": registration.shown_hash(entry, contract),
		"may_number": sales and not entry.contract_number and not ended,
		"may_sign": unsigned and right is not None and not refusals,
		"why_not": _(why_not) if why_not and unsigned else "",
		"role": right.role if right else "",
		"acting_for": people.full_name(right.acting_for) if right and right.acting_for else "",
		"may_keep": sales and bool(entry.signed_on) and not entry.copy_on,
		"may_hand": sales and bool(entry.signed_on) and not entry.original_on,
		"may_receive": people_rules.FINANCE in roles
		and bool(entry.original_on)
		and not entry.original_received_on
		and user != entry.original_by,
		"may_replace": sales and bool(entry.signed_on) and provisional,
		"replaces_as": max(
			sorted(roles & set(reviews.PREPARERS)),
			key=lambda r: people_rules.AUTHORITY_RANK.get(r, 0),
			default="",
		),
	}


def of_contract(doctype: str, name: str) -> frappe._dict | None:
	"""Return what the form of a contract shows of its entry, None if it has none; one query (D5)."""
	return frappe.db.get_value(
		register.DOCTYPE,
		{"reference_doctype": doctype, "reference_name": name},
		["name", "contract_number", "contract_kind", "register_state", "signed_on", "signed_by_name"],
		as_dict=True,
	)


def _standing(entry: Document, provisional: bool) -> dict[str, str]:
	"""Where it stands in one line, with a colour, and what moves it on."""
	state, number = entry.register_state, entry.contract_number
	if state == rules.CANCELLED:
		return {"standing": _("The contract is cancelled."), "colour": "red"}
	if not number:
		return {"standing": _("The contract has no number yet: Sales gives it one."), "colour": "orange"}
	if not entry.signed_on:
		text = mark("Contract {0} waits for the signature of: {1}.")
		return {"standing": say(text, [number, registration.signer_role()]), "colour": "orange"}
	if provisional:
		late = bool(entry.formal_due) and getdate(entry.formal_due) < getdate()
		text = mark("A provisional contract: a formal one replaces it by {0}.")
		due = frappe.utils.format_date(entry.formal_due)
		return {"standing": say(text, [due]), "colour": "red" if late else "yellow"}
	if entry.original_on and not entry.original_received_on:
		text = _("Finance has not acknowledged the original yet.")
		return {"standing": text, "colour": "orange"}
	text = mark("Contract {0} was signed by {1} on {2}.")
	when = frappe.utils.format_date(entry.signed_on)
	return {"standing": say(text, [number, entry.signed_by_name, when]), "colour": "green"}


def steps(entry: Document) -> list[dict[str, Any]]:
	"""The states from receipt to payment, each with its date if it was reached, and those that ended it."""
	found = []
	for state in rules.STATES:
		day = entry.signed_on if state == rules.SIGNED else entry.get(register.DATES[state])
		if day or state not in (rules.CLOSED, rules.CANCELLED):
			found.append({"state": state, "date": day, "now": state == entry.register_state})
	return found


def _linked(entry: Document) -> list[dict[str, Any]]:
	"""What the contract led to, the latest first, as far as this person may see it (D5)."""
	found = []
	if frappe.has_permission(CHANGE):
		found.append(
			{
				"label": _("Changes", context="Contract Register Entry"),
				"doctype": CHANGE,
				"rows": frappe.get_list(
					CHANGE,
					filters={
						"reference_doctype": entry.reference_doctype,
						"reference_name": entry.reference_name,
						"workflow_state": APPLIED,
					},
					fields=["name", "modified as date"],
					order_by="modified desc",
					limit=MOST,
				),
			}
		)
	if entry.reference_doctype != ORDER:
		return [one for one in found if one["rows"]]
	if frappe.has_permission(RETURN_SLIP):
		found.append(
			{
				"label": _("Return Slips"),
				"doctype": RETURN_SLIP,
				"rows": frappe.get_list(
					RETURN_SLIP,
					filters=[["Return Slip Item", "contract", "=", entry.reference_name]],
					fields=["name", "posting_date as date"],
					order_by="posting_date desc",
					distinct=True,
					limit=MOST,
				),
			}
		)
	for doctype, field, label in (
		("Delivery Note", "against_sales_order", _("Deliveries")),
		("Delivery Note", "against_sales_order", _("Returns", context="Contract Register Entry")),
		("Sales Invoice", "sales_order", _("Invoices", context="Contract Register Entry")),
	):
		returns = int(label == _("Returns", context="Contract Register Entry"))
		if frappe.has_permission(doctype):
			filters = [
				["docstatus", "=", 1],
				[f"{doctype} Item", field, "=", entry.reference_name],
			]
			if doctype == "Delivery Note":
				filters.append(["is_return", "=", returns])
			found.append(
				{
					"label": label,
					"doctype": doctype,
					"rows": frappe.get_list(
						doctype,
						filters=filters,
						fields=["name", "posting_date as date"],
						order_by="posting_date desc",
						distinct=True,
						limit=MOST,
					),
				}
			)
	return [one for one in found if one["rows"]]

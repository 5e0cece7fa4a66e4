"""What the form of a return slip shows of its goods once it is approved, and who may do what there (G6)."""

from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import fmt_money

from qms_customer.contract import people, states
from qms_customer.returns import (
	accounted,
	arrival,
	credit,
	destruction,
	disposition,
	documents,
	exchange,
	given,
	opened,
	route,
)
from qms_customer.rules import disposal as rules
from qms_customer.rules.people import QUALITY
from qms_customer.shown import render


def panel(slip: Document) -> dict[str, Any]:
	"""Return what the form shows, and what the current user may do (G6, G7)."""
	user = frappe.session.user
	roles, present = people.own_roles(user), people.is_present(user)
	state = slip.workflow_state

	def may(who: tuple[str, ...], *at: str) -> bool:
		return present and bool(roles & set(who)) and state in at

	approved = slip.docstatus == 1 and slip.decision == "Approved"
	owed = accounted.owed(slip)
	inspections = disposition.inspections(slip)
	parts = list(accounted.parts(slip).values()) if approved else []
	worth = route.value(slip) if state in route.OPEN else None
	stands = [
		_held(key, source, one, inspections)
		for source in arrival.KINDS
		for key, one in arrival.in_quarantine(slip, source).items()
		if one.left > 0
	]
	counter = {row.name for row in slip.items if row.delivery_doctype == documents.COUNTER}
	room = any(one.room > 0 for one in owed.values())
	replacements, notes = exchange.replacements(slip.name), credit.notes(slip.name)
	drafted = any(one.docstatus == 0 for one in replacements)
	return {
		"html": render(
			"panels/return_goods.html",
			doc=slip,
			parts=parts,
			counter=counter,
			held=stands,
			value=fmt_money(worth, currency=_currency(slip)) if worth is not None else "",
			freight=fmt_money(slip.freight, currency=_currency(slip)) if slip.route else "",
			replacements=replacements,
			notes=notes,
			bundled=credit.by_hand(slip) if room else [],
			plain=rules.plain,
		),
		"hash": opened.shown_hash(slip),
		"value": float(worth) if worth is not None else None,
		"may_route": may(route.SALES, *route.OPEN),
		"may_receive": may(arrival.RECEIVERS, states.RETURN_AWAITED),
		"may_destroy": may(destruction.RECORDERS, states.RETURN_DESTROYING),
		"may_write_off": may(route.SALES, *arrival.NOT_COMING_AT),
		"may_inspect": bool(stands) and bool(frappe.has_permission(arrival.INSPECTION, "create")),
		"may_dispose": bool(stands) and present and QUALITY in roles,
		"may_replace": room
		and accounted.wanted(slip) == exchange.EXCHANGE
		and not drafted
		and may(exchange.SENDERS, *states.RETURN_APPROVED),
		"may_credit": room and may(credit.DRAFTERS, *states.RETURN_APPROVED) and credit.offers(slip),
		"may_give": room and may(given.DECIDERS, *states.RETURN_APPROVED),
		"may_waive": state == states.RETURN_SETTLING,
		"wanted": slip.given or slip.wanted,
		"may_take_back_goods": may((*route.SALES, QUALITY), *states.RETURN_APPROVED),
		"may_take_back_dispositions": present and QUALITY in roles,
		"targets": disposition.targets(slip.company) if stands else [],
		"case": disposition.open_case(slip),
		"parts": [
			{
				"row": p.name,
				"item": p.item,
				"batch": p.batch,
				"qty": float(p.outstanding),
				"serial_nos": "\n".join(sorted(p.serials)),
				# Received by the till alone.
				"counter": p.name in counter,
			}
			for p in parts
			if p.outstanding > 0
		],
		"held": stands,
		"booked": _booked(slip),
	}


def _currency(slip: Document) -> str:
	return frappe.get_cached_value("Company", slip.company, "default_currency")


def _held(
	key: tuple[str, str], source: str, one: rules.Held, inspections: list[frappe._dict]
) -> dict[str, Any]:
	"""Goods in quarantine with their youngest inspection that counts."""
	seen = next(
		(
			i
			for i in inspections
			if (i.item_code, i.batch_no or "", i.inspection_type) == (*key, arrival.KINDS[source])
			and (not one.since or i.creation >= one.since)
		),
		None,
	)
	return {
		"item": key[0],
		"batch": key[1],
		"source": source,
		"qty": float(one.left),
		"reworked": float(one.reworked),
		"serial_nos": "\n".join(sorted(one.serials)),
		"has_serials": one.has_serials,
		"inspection": seen.name if seen else "",
		"submitted": bool(seen and seen.docstatus == 1),
		"status": (seen.status or "") if seen else "",
		"template": frappe.get_cached_value("Item", key[0], "quality_inspection_template") or "",
	}


def _booked(slip: Document) -> list[dict[str, Any]]:
	"""What was booked and may be taken back, the youngest first."""
	found = [
		{"row": row.name, "item": row.item_code, "batch": row.batch_no or "", "qty": row.qty, "what": row.how}
		for row in accounted.live(slip.arrivals)
	]
	found += [
		{
			"row": row.name,
			"item": row.item_code,
			"batch": row.batch_no or "",
			"qty": row.qty,
			"what": row.disposition,
			"disposition": 1,
		}
		for row in accounted.live(slip.dispositions)
	]
	return found[::-1]

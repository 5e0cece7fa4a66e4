"""What forms show about the go-live: an adoption its list and steps, a contract how it stands (E8)."""

import json
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import format_datetime

from qms_customer.contract import adopt, content, scope
from qms_customer.contract.people import full_name
from qms_customer.messages import say
from qms_customer.rules import adoption as rules
from qms_customer.rules import mark
from qms_customer.rules import scope as scope_rules
from qms_customer.shown import render

# The largest contracts of a list are shown on its form; all are in the report.
LARGEST = 10


def panel(record: Document) -> dict[str, Any]:
	"""Return what the form of an adoption shows, what this person may do, and the hash to send back (E8)."""
	user = frappe.session.user
	option, why_not = adopt.authority(record, user) if record.status == rules.READY else (None, "")
	prepares = adopt.may_prepare(user) and record.docstatus == 0
	percent = min(100, round(100 * record.looked_at / record.expected)) if record.expected else 0
	dead = adopt.is_dead(record)
	standing, colour = _standing(record, bool(option), why_not, dead)
	return {
		"html": render(
			"panels/adoption.html",
			record=record,
			counts=json.loads(record.counts or "[]"),
			cells=[(r.for_company, r.item_group) for r in record.scope],
			largest=_lines(record, {"fingerprint": ("!=", "")}, "amount desc, reference_name"),
			problems=_lines(record, {"fingerprint": ""}, "reference_name"),
			percent=percent,
			steps=_steps(record),
		),
		"standing": standing,
		"colour": colour,
		"hash": record.baseline_hash,
		"percent": percent,
		"may_start": prepares and (record.status == rules.PREPARED or dead) and record.kind == rules.GO_LIVE,
		"may_refresh": prepares and record.status == rules.READY and record.kind == rules.GO_LIVE,
		"may_sign": option is not None,
		"collecting": record.status == rules.COLLECTING,
		"role": option.role if option else "",
		"acting_for": full_name(option.acting_for) if option and option.acting_for else "",
		"contracts": record.contracts,
	}


def _lines(record: Document, filters: dict[str, Any], order: str) -> list[frappe._dict]:
	if record.status in (rules.PREPARED, rules.COLLECTING) or not frappe.has_permission(adopt.LINE):
		return []
	# What this user may see of it: the site's User Permissions hold.
	return frappe.get_list(
		adopt.LINE,
		filters={"adoption": record.name, **filters},
		fields=[
			"reference_doctype",
			"reference_name",
			"state",
			"customer",
			"company",
			"document_date",
			"amount",
			"problem",
		],
		order_by=order,
		limit=LARGEST,
	)


def _steps(record: Document) -> list[tuple[str, bool]]:
	done = (rules.PREPARED, rules.COLLECTING, rules.READY, rules.SIGNED)
	at = done.index(record.status) if record.status in done else 0
	return [
		(mark("Prepare"), True),
		(mark("Collect"), at >= 2),
		(mark("Look"), at >= 3),
		(mark("Sign and Go Live") if record.kind == rules.GO_LIVE else mark("Sign"), at >= 3),
	]


def _standing(record: Document, may_sign: bool, why_not: str, dead: bool) -> tuple[str, str]:
	if record.status == rules.SIGNED:
		if record.kind == rules.SUPPLEMENT:
			return say(
				mark("Signed by {0}. These contracts stand as listed."), [record.signed_by_name]
			), "green"
		when = format_datetime(record.go_live_on)
		return say(mark("Live since {0}, signed by {1}."), [when, record.signed_by_name]), "green"
	if record.status == rules.SUPERSEDED:
		return _("A later list took the place of this one."), "gray"
	if record.status == rules.PREPARED:
		return _("Start the collection: it runs in the background, and the site goes on working."), "blue"
	if record.status == rules.COLLECTING:
		if dead:
			return _("The collection has stopped. Resume it: it goes on where it was."), "orange"
		return say(
			mark("Collecting: {0} of about {1} contracts looked at."), [record.looked_at, record.expected]
		), "blue"
	if may_sign:
		return _("The list is complete. Look at it, then sign it."), "orange"
	if why_not:
		return _(why_not), "orange"
	return say(
		mark("The list is complete. It waits for the signature of: {0}."), [", ".join(rules.SIGNERS)]
	), "orange"


def of_approval(approval: frappe._dict | None) -> frappe._dict | None:
	"""Return the adoption that approved a contract, None if a review did (E8)."""
	if not approval or approval.source_doctype != adopt.DOCTYPE:
		return None
	return frappe.db.get_value(
		adopt.DOCTYPE,
		approval.source_name,
		["name", "kind", "go_live_on", "modified as signed_on", "signed_by_name", "signed_role", "reason"],
		as_dict=True,
	)


def not_live(doc: Document) -> str:
	"""Return what a contract shows where the gate is not live yet; nothing where it is out of scope (E8)."""
	waiting = scope_rules.pending(scope.cells())
	if doc.doctype not in content.CONTRACT_DOCTYPES or not waiting or scope.everything():
		return ""
	if not scope.covered_contracts(doc.doctype, [doc.name], waiting) or scope.covers(doc):
		return ""
	return render("panels/not_live.html")


def boot(bootinfo: frappe._dict) -> None:
	"""Tell the Desk, for those who can change it, that the gate is not live yet (E8)."""
	waiting = scope_rules.pending(scope.cells())
	if waiting and adopt.may_prepare(frappe.session.user):
		bootinfo.qms_not_live = {
			"scope": [[c.company, c.group] for c in waiting],
			"adoption": frappe.db.get_value(
				adopt.DOCTYPE,
				{"docstatus": 0, "kind": rules.GO_LIVE, "status": ("!=", rules.SUPERSEDED)},
				"name",
			)
			or "",
		}

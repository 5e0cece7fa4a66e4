"""What was rejected stays rejected, whatever was put forward in between and under whatever number (C13)."""

from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.contract import approved
from qms_customer.rules import content as content_rules
from qms_customer.rules import review as rules
from qms_customer.rules.notice import CHANGE
from qms_customer.rules.people import highest

REVIEW = "Contract Review"


def authority(canonical: dict[str, Any]) -> str:
	"""Return the highest authority that rejected exactly this content, "" if nobody did (C13); two queries.

	All reviews count: those of earlier versions, and those of another document that says the same. Masters
	that were renamed since are followed; the customer that a review names is renamed with it, so its reviews
	are found by that.
	"""
	fingerprint = content_rules.fingerprint(canonical)
	either = [["fingerprint", "=", fingerprint]]
	if customer := approved.customer_of(canonical):
		either.append(["customer", "=", customer])
	found = frappe.get_all(
		REVIEW,
		filters={"decision": rules.REJECTED, "reference_doctype": canonical["doctype"]},
		or_filters=either,
		fields=["fingerprint", "content", "prepared_on as approved_on", "decided_role", "change_kind"],
		order_by="creation",
	)
	# Whether to cancel, close or re-open an order says nothing about what it promises.
	found = [row for row in found if (row.change_kind or CHANGE) == CHANGE]
	if not found:
		return ""
	aliases = approved.aliases_since(found)
	return highest(
		row.decided_role
		for row in found
		if row.fingerprint == fingerprint
		or approved.match(canonical["doctype"], fingerprint, [row], aliases) is not None
	)


def of_document(doc: Document) -> bool:
	"""Return whether a document's own review was rejected, or is not decided yet (C1, C13); one query."""
	return bool(
		doc.name
		and frappe.get_all(
			REVIEW,
			filters={
				"reference_doctype": doc.doctype,
				"reference_name": doc.name,
				"change_notice": ("is", "not set"),
			},
			or_filters=[["docstatus", "=", 0], ["decision", "=", rules.REJECTED]],
			limit=1,
		)
	)

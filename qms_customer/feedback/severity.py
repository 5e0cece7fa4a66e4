"""How severe a complaint is: by the matrix, or otherwise with the reason (H5; ISO 14971)."""

from frappe.model.document import Document

from qms_customer.feedback import complaint_inbox, handled
from qms_customer.messages import refuse
from qms_customer.records import signing
from qms_customer.returns import opened
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark

# K3: what the signature means.
RATED = mark("Severity of the Complaint Decided")


def decide(
	name: str, content_hash: str, harm: str, probability: str, severity: str, reason: str = ""
) -> Document:
	"""Decide, signed by Quality, how severe a complaint is; returns it (H5).

	It may be decided anew while the complaint is open: what was decided before stays in its chain.
	"""
	doc = handled.open_one(name, content_hash)
	role = handled.require_quality()
	if found := rules.severity_refusals(harm, probability, severity, reason):
		refuse(found)
	signing.in_hand()
	doc.update(
		{
			"harm": harm,
			"probability": probability,
			"severity": severity,
			"severity_reason": reason or "/",
			**handled.signed_now("severity"),
		}
	)
	opened.save(doc)
	signing.sign(doc, RATED, role, "", f"{severity}: {reason}" if reason else severity, content_hash)
	complaint_inbox.ask(doc)
	return doc

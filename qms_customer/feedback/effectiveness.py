"""Whether what was done about a complaint helped (H5)."""

from frappe.model.document import Document
from frappe.utils import cint, getdate, nowdate

from qms_customer.feedback import complaint_inbox, handled, standing
from qms_customer.messages import refuse
from qms_customer.records import signing
from qms_customer.returns import opened
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark

# K3: what the signatures mean.
EFFECTIVE = mark("Actions Found Effective")
NOT_EFFECTIVE = mark("Actions Found Not Effective")


def check(name: str, content_hash: str, effective: str, evidence: str) -> Document:
	"""Record, signed by Quality, whether what was done helped; returns the complaint (H5).

	By the criterion, and not before the day, that were set with the actions. What did not help goes back to
	action.
	"""
	doc = handled.open_one(name, content_hash, rules.VERIFYING, rule="H5")
	role = handled.require_quality()
	one = rules.Effectiveness(
		bool(cint(doc.check_needed)),
		doc.effectiveness_criterion or "",
		getdate(doc.effectiveness_due) if doc.effectiveness_due else None,
		{"Yes": True, "No": False}.get(effective),
		evidence or "",
	)
	if found := rules.effectiveness_refusals(one, True, getdate(nowdate())):
		refuse(found)
	signing.in_hand()
	doc.update({"effective": effective, "effectiveness_evidence": evidence, **handled.signed_now("checked")})
	standing.settle(doc)
	opened.save(doc)
	signing.sign(doc, EFFECTIVE if one.effective else NOT_EFFECTIVE, role, "", evidence, content_hash)
	complaint_inbox.ask(doc)
	return doc

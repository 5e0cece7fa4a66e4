"""What a return slip says, as the rules take it (G2, G3)."""

from frappe.model.document import Document

from qms_customer.rules import claim as rules
from qms_customer.rules.people import BUSINESS_MANAGER, GENERAL_MANAGER


def finding(slip: Document) -> str:
	"""Return what the tests of all batches of a claim come to, "" as long as one is missing (G3)."""
	return rules.overall(t.finding or "" for t in slip.sample_tests)


def findings(slip: Document) -> list[tuple[str, str, str]]:
	"""Return item, batch and finding of each test of a claim (G3, G5)."""
	return [(t.item_code, t.batch_no or "", t.finding or "") for t in slip.sample_tests]


def approvers(slip: Document) -> tuple[str, ...]:
	"""Return the roles whose approval a slip needs (G2)."""
	return (BUSINESS_MANAGER, GENERAL_MANAGER) if slip.is_bulk else (BUSINESS_MANAGER,)


def given(slip: Document) -> list[rules.Approval]:
	"""Return the approvals that a slip has already (G2)."""
	return [
		rules.Approval(a.role, a.decided_by or "", a.acting_for or "")
		for a in slip.approvals
		if a.decision == rules.APPROVED
	]


def outstanding(slip: Document) -> tuple[str, ...]:
	"""Return the roles whose approval is missing, the highest first (G2)."""
	return rules.outstanding(approvers(slip), given(slip))

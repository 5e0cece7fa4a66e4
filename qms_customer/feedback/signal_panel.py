"""What the form of a signal shows first: where it stands, what was found, what is done (H8)."""

from collections import Counter
from typing import Any

import frappe
from frappe.model.document import Document

from qms_customer.contract import people
from qms_customer.feedback import signals, standing
from qms_customer.returns.panel import Step
from qms_customer.rules import mark
from qms_customer.rules import signals as rules
from qms_customer.shown import render

NEXT = {
	rules.OPEN: Step(
		mark("More complaints than there should be: somebody has to say what comes of it."), "red"
	),
	rules.ACTING: Step(
		mark("Action is needed: open what follows; the signal waits until all of it is done."), "orange"
	),
	rules.ASSESSED: Step("", "green"),
}

# What is opened in ERPNext, by who may there.
OPENED = {"open_non_conformance": "Non Conformance", "open_quality_action": "Quality Action"}


def panel(signal: Document) -> dict[str, Any]:
	"""Return what the form shows, and which steps the current user may take (H8)."""
	user = frappe.session.user
	held = [role for role in signals.ASSESSORS if role in people.own_roles(user)]
	if not people.is_present(user):
		held = []
	may = []
	if held and signal.status == rules.OPEN:
		may.append("assess")
	if held and signal.outcome == rules.ACTION:
		may.append("add_action")
		may += [step for step, doctype in OPENED.items() if frappe.has_permission(doctype, "create")]
	actions = standing.actions(signal)
	return {
		"html": render(
			"panels/signal.html",
			doc=signal,
			step=NEXT[signal.status],
			found=_found(signal),
			actions=actions,
		),
		"hash": signals.shown_hash(signal),
		"status": signal.status,
		"role": held[-1] if held else "",
		"may": may,
		"actions": [
			{"row": a.row.name, "number": a.row.idx, "description": a.row.description}
			for a in actions
			if a.may_finish and (held or a.row.action_owner == user)
		],
	}


def _found(signal: Document) -> list[tuple[str, int]]:
	"""How many of its complaints were found to be so, and how many not; one query."""
	names = [row.complaint for row in signal.cases]
	counted = Counter(
		frappe.get_all(
			signals.COMPLAINT, filters={"name": ("in", names or [""])}, pluck="confirmed", order_by=""
		)
	)
	labels = {
		"Yes": mark("Found to be so"),
		"No": mark("Not found to be so"),
		"Could Not Be Told": mark("Could not be told"),
		"": mark("Not investigated yet, or not at all"),
	}
	return [
		(text, number)
		for answer, text in labels.items()
		if (number := sum(n for given, n in counted.items() if (given or "") == answer))
	]

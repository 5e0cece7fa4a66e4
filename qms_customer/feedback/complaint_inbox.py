"""Whoever owes the next step of a complaint finds it in the inbox (L3)."""

from frappe import _
from frappe.model.document import Document

from qms_customer.contract import notify, people
from qms_customer.feedback import action_rows
from qms_customer.rules import complaint as rules
from qms_customer.rules import mark
from qms_customer.rules.people import QUALITY

# What is to be done in each state; said in the language of who asks.
TASKS = {
	rules.INVESTIGATING: mark("Investigate the complaint {0} of {1}"),
	rules.ACTING: mark("Act on the complaint {0} of {1}"),
	rules.REPLYING: mark("Answer the complaint {0} of {1}"),
	rules.VERIFYING: mark("Check whether the actions on {0} of {1} were effective"),
	rules.CLOSING: mark("Close the complaint {0} of {1}"),
}


def handlers(doc: Document) -> list[str]:
	"""Return who handles a complaint: the handler, or all of Quality where there is none (L3)."""
	user = doc.handler
	if user and people.is_enabled_person(user) and QUALITY in people.own_roles(user):
		return [user]
	return people.holders(QUALITY)


def ask(doc: Document) -> None:
	"""Put a complaint into the inbox of who owes its next step, and of nobody else (H3, H5, L3)."""
	# Here, as closing asks as well.
	from qms_customer.feedback import closing

	notify.done(doc)
	task = TASKS.get(doc.workflow_state)
	if not task:
		return
	users, due = handlers(doc), str(doc.due_on) if doc.due_on else None
	text = _(task).format(doc.name, doc.customer_name or doc.complainant or "–")
	if doc.workflow_state == rules.CLOSING:
		users = closing.who_closes(doc)
		if not users:
			notify.tell(
				handlers(doc),
				_("Nobody may close {0}: people who did not handle it are needed.").format(doc.name),
				doc,
				also_oneself=True,
			)
	elif doc.workflow_state == rules.VERIFYING and doc.effectiveness_due:
		due = str(doc.effectiveness_due)
	if doc.workflow_state == rules.INVESTIGATING and _waits_for_approval(doc):
		users = [u for u in people.holders(QUALITY) if u != doc.no_investigation_by]
		text = _("Approve that {0} is not investigated, or reject it").format(doc.name)
	notify.assign(doc, users, text, due)
	for user, until in action_rows.owed(doc).items():
		if user not in users:
			notify.assign(doc, [user], _("Do the action on the complaint {0}").format(doc.name), until or due)


def _waits_for_approval(doc: Document) -> bool:
	return bool(doc.no_investigation_on and not doc.no_investigation_approved_on)

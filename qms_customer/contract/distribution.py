"""What follows a decided change: every department that executes the contract acknowledges it, and the
customer hears of it (E6, E7, F5).

An acknowledgement is a record of its own: departments work in parallel, each in its own inbox.
"""

import json
from datetime import date

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate, now_datetime

from qms_customer.contract import measure, notify, people, planned, states, telling, workdays
from qms_customer.contract.proposed import NOTICE, ORDER, proposal_of
from qms_customer.contract.settings import departments, settings
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.records.token import moving
from qms_customer.rules import content as content_rules
from qms_customer.rules import distribution as rules
from qms_customer.rules import mark
from qms_customer.rules import notice as notice_rules
from qms_customer.rules.people import BUSINESS_MANAGER

DOCTYPE = "Change Acknowledgement"
# K3: what the signature means; K2: the event of the chain.
ACKNOWLEDGED = mark("Change Acknowledged")
ASKED = mark("Acknowledgement Asked For")


def after_applied(notice: Document) -> None:
	"""Ask each department that executes the contract to acknowledge an applied change, and Sales to tell the
	customer (E6, E7).

	Called by the decision that applied the notice, in its transaction, when the notice is submitted and
	signed, and its own tasks are closed. The number of queries does not depend on the lines.
	"""
	changes = measure.described(notice) if notice.kind == notice_rules.CHANGE else ()
	affected = json.dumps(_affected(notice), ensure_ascii=False, sort_keys=True)
	nobody = []
	for one in rules.recipients(notice.kind, changes, departments()):
		record = _ask(notice, one, affected)
		users = people.holders(one.role)
		notify.assign(record, users, request_text(record), str(record.due_date))
		if not users:
			nobody.append(one)
	for one in nobody:
		notify.tell(
			[notice.prepared_by, *people.holders(BUSINESS_MANAGER)],
			_("Nobody holds the role {0}: {1} cannot acknowledge the change {2}.").format(
				_(one.role), _(one.department, context="Review Department"), notice.name
			),
			notice,
			also_oneself=True,
		)
	telling.ask(notice)


def after_rejected(notice: Document) -> None:
	"""Ask Sales to tell the customer that a change was not agreed to (E7); called as `after_applied` is."""
	telling.ask(notice)


def request_text(record: Document) -> str:
	"""Return what the ToDo of an acknowledgement says (L3)."""
	return _("Acknowledge the change {0} of {1} for {2}").format(
		record.change_notice, record.reference_name, record.customer_name
	)


def acknowledge(name: str, content_hash: str, comment: str) -> Document:
	"""Let a person acknowledge a change for their department, signed; returns the record (E6, K3)."""
	record = frappe.get_doc(DOCTYPE, name)
	people.check_readable(record)
	# One after the other, so that the last one is seen to be the last.
	frappe.db.get_value(NOTICE, record.change_notice, "name", for_update=True)
	record = frappe.get_doc(DOCTYPE, name, for_update=True)
	if record.docstatus != 0:
		refuse_one(
			"E6", mark("{0} was acknowledged already by {1}."), record.name, record.acknowledged_by_name
		)
	if content_hash != record.fingerprint:
		refuse_one(
			"C12", mark("The notice has changed since it was shown to you. Reload it and do it again.")
		)
	user = frappe.session.user
	found = rules.acknowledge_refusals(
		record.department_role, people.own_roles(user), people.is_present(user), comment
	)
	if found:
		refuse(found)
	signing.in_hand()
	record.update(
		{
			"acknowledged_by": user,
			"acknowledged_by_name": people.full_name(user),
			"acknowledged_on": now_datetime(),
			"comment": comment,
			"workflow_state": states.ACKNOWLEDGED,
		}
	)
	with moving(record):
		# The role was checked above; it has no general right to submit. The contract may be cancelled by now.
		record.flags.ignore_permissions = record.flags.ignore_links = True
		record.submit()
	refuse_incomplete(record)
	signing.sign(record, ACKNOWLEDGED, record.department_role, "", comment, content_hash)
	notify.done(record)
	if not _outstanding(record.change_notice):
		notice = frappe.get_doc(NOTICE, record.change_notice)
		notify.tell(
			[notice.prepared_by, notice.decided_by],
			_("All departments have acknowledged the change {0} of {1}").format(
				notice.name, notice.reference_name
			),
			notice,
		)
	return record


def of_notice(name: str) -> list[frappe._dict]:
	"""Return the acknowledgements of a change in the order in which they were asked for; one query (E6)."""
	return frappe.get_all(
		DOCTYPE,
		filters={"change_notice": name},
		fields=[
			"name",
			"department",
			"department_role",
			"due_date",
			"docstatus",
			"acknowledged_by_name",
			"acknowledged_on",
			"comment",
		],
		order_by="creation, name",
	)


def _ask(notice: Document, one: rules.Recipient, affected: str) -> Document:
	record = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"change_notice": notice.name,
			"reference_doctype": notice.reference_doctype,
			"reference_name": notice.reference_name,
			"company": notice.company,
			"customer": notice.customer,
			"customer_name": notice.customer_name,
			"department": one.department,
			"department_role": one.role,
			"reason": one.reason,
			"asked_on": now_datetime(),
			"due_date": workdays.after(settings().acknowledgement_due_days, notice.company),
			"affected": affected,
			"fingerprint": _fingerprint(notice, one.department, affected),
			"workflow_state": states.AWAITING_ACKNOWLEDGEMENT,
		}
	)
	# The change may have cancelled the contract: frappe lets no submittable record name one that is.
	record.flags.ignore_links = True
	with moving(record, ASKED):
		# Whoever decided the change distributes it by that; nobody creates one by hand.
		record.insert(ignore_permissions=True)
	return record


def _fingerprint(notice: Document, department: str, affected: str) -> str:
	"""What a department is shown, and signs to have seen."""
	seen = [notice.name, notice.kind, notice.old_fingerprint, notice.fingerprint, department, affected]
	return content_rules.fingerprint(json.dumps(seen, ensure_ascii=False))


def _affected(notice: Document) -> list[dict[str, str | None]]:
	"""The work orders, job cards and production plans open for the lines that change; of a change of the
	head, and of the whole contract, for all lines (E3, E6).
	"""
	return [
		{
			"kind": work.kind,
			"name": work.name,
			"ends": str(work.ends) if work.ends else None,
			"due": str(work.due) if work.due else None,
		}
		for work in planned.works(notice.reference_name, _dues(notice))
	]


def _dues(notice: Document) -> dict[str, date | None]:
	"""By row that is touched, the date that is promised now."""
	touched = {
		line.order_row: getdate(line.new_delivery_date) if line.new_delivery_date else None
		for line in notice.lines
		if line.order_row and line.change != notice_rules.KEEP
	}
	if notice.kind == notice_rules.CHANGE and not proposal_of(notice).head:
		return touched
	rows = frappe.get_all(
		f"{ORDER} Item", filters={"parent": notice.reference_name}, fields=["name", "delivery_date"]
	)
	return {row.name: row.delivery_date for row in rows} | touched


def _outstanding(notice: str) -> list[str]:
	"""Those that are not acknowledged, read under the lock of their notice."""
	table = frappe.qb.DocType(DOCTYPE)
	return (
		frappe.qb.from_(table)
		.select(table.name)
		.where((table.change_notice == notice) & (table.docstatus == 0))
		.for_update()
		.run(pluck=True)
	)

"""Complaints from the feedback to the closing, each step by the right people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime, nowdate

from qms_customer.feedback import action_api, complaints, reporting
from qms_customer.feedback import complaint_api as api
from qms_customer.records import verification
from qms_customer.records.token import moving
from qms_customer.returns import opened
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import staged as stages
from tests.support.company import COMPANY
from tests.support.people import as_user, make_user
from tests.support.staged import staged

COMPLAINT = "Customer Complaint"
FEEDBACK = "Customer Feedback"


@staged
def feedback(**values: Any) -> Document:
	"""Return feedback that was assessed as a complaint, as it stands when its complaint is opened."""
	customer = values.pop("customer", "") or c.customer()
	code = values.pop("item_code", "") or c.item(has_batch_no=1, create_new_batch=0)
	now = now_datetime()
	doc = frappe.get_doc(
		{
			"doctype": FEEDBACK,
			"naming_series": "FB-.YYYY.-.#####",
			"company": COMPANY,
			"customer": customer,
			"customer_name": frappe.db.get_value("Customer", customer, "customer_name"),
			"source": "User",
			"phase": "After the Sale",
			"channel": "Phone",
			"subject": "Catheter leaks",
			"details": "The catheter leaks at the hub",
			"contact_name": "Dr Gu",
			"contact_phone": "+86 10 5555",
			"item_code": code,
			"item_name": code,
			"batch_no": "LOT-1",
			"received_on": add_days(now, -3),
			"aware_on": add_days(now, -3),
			"decision": "Complaint",
			"deficiencies": "Quality",
			"released": "Yes",
			"patient_reference": "P-17",
			"patient_details": "Fever after treatment",
			"workflow_state": "Complaint Opened",
			**values,
		}
	)
	# What comes before its assessment belongs to the intake.
	doc.flags.ignore_links = doc.flags.ignore_mandatory = True
	with moving(doc):
		doc.insert(ignore_permissions=True)
	return doc


@staged
def complaint(world: c.World, **values: Any) -> Document:
	"""Return the complaint that Service has opened by assessing feedback."""
	one = feedback(**values)
	with as_user(world.person(roles.SERVICE)):
		return complaints.open_from(one).reload()


@staged
def second_quality(world: c.World) -> str:
	"""Return somebody of Quality who has handled nothing, the same one each time."""
	known = world.__dict__.setdefault("_second_quality", [])
	if not known:
		known.append(make_user(roles.QUALITY))
	return known[0]


def shown(doc: Document) -> str:
	"""Return the hash that the form would send back now."""
	return opened.shown_hash(frappe.get_doc(COMPLAINT, doc.name))


@staged
def do(user: str, step: str, doc: Document, *args: Any, **values: Any) -> Document:
	"""Take a step of the form as a user, on what it shows now."""
	with as_user(user):
		if hasattr(action_api, step):
			getattr(action_api, step)(COMPLAINT, doc.name, shown(doc), *args, **values)
		else:
			getattr(api, step)(doc.name, shown(doc), *args, **values)
	return doc.reload()


@staged
def code() -> str:
	"""Return a code of the tree."""
	doc = frappe.get_doc(
		{
			"doctype": "Event Code",
			"code": c.unique("C").replace(" ", "-"),
			"term": "Leak",
			"annex": "Own",
			"own": 1,
		}
	)
	return doc.insert(ignore_permissions=True).name


@staged
def rated(world: c.World, doc: Document, **values: Any) -> Document:
	"""Quality decides the severity."""
	given = {"harm": "Minor", "probability": "Occasional", "chosen": "Medium", **values}
	return do(world.person(roles.QUALITY), "rate", doc, **given)


def findings(**values: Any) -> dict[str, Any]:
	"""Return what an investigation found, as the form sends it."""
	return {
		"begun": add_days(nowdate(), -2),
		"ended": nowdate(),
		"results": "The hub was glued at too low a temperature",
		"confirmed": "Yes",
		"cause_code": values.pop("cause_code", None) or code(),
		"department": "Production",
		**values,
	}


@staged
def investigated(world: c.World, doc: Document, **values: Any) -> Document:
	"""Quality has decided the severity, and investigated."""
	if not doc.severity:
		rated(world, doc)
	return do(world.person(roles.QUALITY), "investigate", doc, findings(**values))


@staged
def acted(world: c.World, doc: Document, **values: Any) -> Document:
	"""Quality has decided the actions; none, unless there are some."""
	given = {"comment": "The batch is used up, no other was glued that day", **values}
	return do(world.person(roles.QUALITY), "decide_actions", doc, **given)


@staged
def replied(world: c.World, doc: Document, **values: Any) -> Document:
	"""Service has answered by letter."""
	given = {"kind": "Final", "how": "Letter", "message": "We are sorry", "recipient": "Dr Gu", **values}
	return do(world.person(roles.SERVICE), "record_reply", doc, **given)


@staged
def to_close(world: c.World, **values: Any) -> Document:
	"""Return a complaint that only waits to be closed."""
	return replied(world, acted(world, investigated(world, complaint(world, **values))))


@staged
def closed(world: c.World, **values: Any) -> Document:
	"""Return a complaint that two people have closed."""
	doc = to_close(world, **values)
	do(second_quality(world), "close", doc, "/")
	return do(world.person(roles.MANAGEMENT_REPRESENTATIVE), "close", doc, "/")


def todos(doc: Document) -> set[str]:
	"""Return who has the complaint in the inbox."""
	return set(
		frappe.get_all(
			"ToDo",
			filters={"reference_type": COMPLAINT, "reference_name": doc.name, "status": "Open"},
			pluck="allocated_to",
		)
	)


def meanings(doc: Document) -> list[str]:
	"""Return what was signed on a complaint, in order."""
	return frappe.get_all(
		"Electronic Signature", {"reference_name": doc.name}, pluck="meaning", order_by="sequence"
	)


def verified(doc: Document) -> None:
	"""Fail if the complaint is not what its chain says."""
	assert verification.verify(COMPLAINT, doc.name).findings == []


@contextmanager
def regulators(
	patch: pytest.MonkeyPatch, undecided: bool = False, reportable: bool = False
) -> Iterator[None]:
	"""Let regulators' decisions stand so within the block."""
	with patch.context() as m:

		def regulators_decide() -> None:
			m.setattr(reporting, "undecided", lambda _name: ["EU"] if undecided else [])
			m.setattr(reporting, "reportable", lambda _name: reportable)

		with stages.assumed(f"regulators: {undecided}, {reportable}", regulators_decide):
			yield

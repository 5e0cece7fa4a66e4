"""A reportability decision in a person's hands: locked with its complaint, as it was shown, written by the
step that moves it (C12, H4, K3).
"""

import hashlib
import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import frappe
from frappe.model.document import Document
from frappe.utils import get_datetime, get_system_timezone, now_datetime

from qms_customer.contract import people
from qms_customer.messages import refuse_one
from qms_customer.records import contents
from qms_customer.records.token import moving
from qms_customer.rules import mark

DOCTYPE, COMPLAINT = "Reportability Decision", "Customer Complaint"


def readable(name: str) -> tuple[Document, Document]:
	"""Return a decision and its complaint; who may not read both is refused (L1)."""
	decision = frappe.get_doc(DOCTYPE, name)
	people.check_readable(decision)
	return decision, readable_complaint(decision.complaint)


def readable_complaint(name: str) -> Document:
	"""Return a complaint; who may not read it is refused (L1)."""
	complaint = frappe.get_doc(COMPLAINT, name)
	people.check_readable(complaint)
	return complaint


def shown_hash(*documents: Document) -> str:
	"""Return the hash of all that a person sees of a decision, and of its complaint (C12)."""
	seen = json.dumps(
		[[d.name, contents.text_of(d), d.get("workflow_state") or "", d.turn or 0] for d in documents],
		ensure_ascii=False,
	)
	return hashlib.sha256(seen.encode()).hexdigest()


def locked(name: str, content_hash: str) -> tuple[Document, Document]:
	"""Lock a decision and its complaint, and return them if they are still what was shown (C12, L1).

	The complaint first, as by its own steps.
	"""
	decision, complaint = readable(name)
	complaint = frappe.get_doc(COMPLAINT, complaint.name, for_update=True)
	decision = frappe.get_doc(DOCTYPE, name, for_update=True)
	if content_hash != shown_hash(decision, complaint):
		refuse_one(
			"C12", mark("The complaint has changed since it was shown to you. Reload it and do it again.")
		)
	return decision, complaint


def asked(decision: Document) -> list[Document]:
	"""Return the deadlines of what was announced to the regulator, or asked for by it, and is not sent, the
	first first (H4).
	"""
	found = [c for c in decision.clocks if c.asked_on and not (c.sent_on or c.withdrawn_on)]
	return sorted(found, key=lambda c: get_datetime(c.due_on))


def save(decision: Document, event: str = "") -> None:
	"""Write a decision that a step has moved; `event`: what its chain records (K2)."""
	# What it names may be gone by now: no reason against recording what was decided.
	decision.flags.ignore_links = True
	with moving(decision, event):
		# Who may do this was checked by its function.
		decision.save(ignore_permissions=True)


def moment(value: Any) -> datetime:
	"""Return a stored time, which is in the time zone of the site, with that zone.

	Of the hour that a clock set back shows twice the first is meant: it leaves less time.
	"""
	return get_datetime(value).replace(tzinfo=ZoneInfo(get_system_timezone()), fold=0)


def local(at: datetime) -> datetime:
	"""Return a moment as the site stores it."""
	return at.astimezone(ZoneInfo(get_system_timezone())).replace(tzinfo=None, fold=0)


def now() -> datetime:
	"""Return this moment with the time zone of the site."""
	return moment(now_datetime())

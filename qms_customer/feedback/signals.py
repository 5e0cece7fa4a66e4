"""Signals from complaints: computed every night, opened once, assessed by a person, signed (H8).

What is counted and when it is a signal say rules/signals.py. `watch` takes rows, wherever they come from.
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, flt, getdate, now_datetime

from qms_customer.contract import notify, people, sales_record
from qms_customer.contract.settings import settings
from qms_customer.feedback import action_rows, advisory
from qms_customer.messages import refuse, refuse_one
from qms_customer.records import contents, signing
from qms_customer.records.completeness import refuse_incomplete
from qms_customer.records.token import moving
from qms_customer.returns import opened
from qms_customer.rules import mark
from qms_customer.rules import signals as rules
from qms_customer.rules.people import MANAGEMENT_REPRESENTATIVE, QUALITY

DOCTYPE, CASE, COMPLAINT = "Complaint Signal", "Complaint Signal Case", "Customer Complaint"
ASSESSORS = (QUALITY, MANAGEMENT_REPRESENTATIVE)
ASSESSED = mark("Signal Assessed")
# What of a complaint is counted: as rules.Complaint takes it, after its name.
_COUNTED = ("received_on", "item_code", "batch_no", "cause_code", "customer")


def limits(s: Document | None = None) -> rules.Limits:
	"""Return the limits of the settings (H8); where 0 or nothing says nothing, the default."""
	s, default = s or settings(), rules.Limits()
	return rules.Limits(
		cint(s.signal_window_days) or default.window_days,
		cint(s.signal_reference_days) or default.reference_days,
		flt(s.signal_probability) or default.probability,
		cint(s.signal_least) or default.least,
		cint(s.signal_number),
		flt(s.signal_rate),
	)


def nightly() -> None:
	"""Look for signals in the complaints of today's window (H8)."""
	today, given = getdate(), limits()
	window, reference = rules.periods(today, given)
	found = complaints(reference.first, window.last)
	if found:
		watch(found, deliveries(reference.first, window.last)[0], today)


def complaints(first: date, last: date, read: Callable | None = None) -> list[rules.Complaint]:
	"""Return the complaints that came in a period, as they are counted; one query.

	Whether closed, open again, or not found to be so: what is complained about is counted, each complaint
	once. `read`: all of them, or with frappe.get_list only those that the user may read.
	"""
	return [
		counted(*row)
		for row in (read or frappe.get_all)(
			COMPLAINT,
			filters={"received_on": ("between", [first, last])},
			fields=["name", *_COUNTED],
			order_by="",
			limit_page_length=0,
			# There may be many: a dict of each would take several times the memory.
			as_list=True,
		)
	]


def counted(name: str, received_on: Any, *values: str | None) -> rules.Complaint:
	"""Return a complaint as it is counted (H8). `values`: item, batch, cause and customer."""
	return rules.Complaint(name, getdate(received_on), *(value or "" for value in values))


def about(complaint: Document) -> list[frappe._dict]:
	"""Return the signals of the groups that a complaint belongs to, the open ones first, that the user may
	read; one query (H8).
	"""
	if not frappe.has_permission(DOCTYPE, "read"):
		return []
	one = counted(complaint.name, *(complaint.get(field) for field in _COUNTED))
	found = frappe.get_list(
		DOCTYPE,
		filters={"group_key": ("in", [_key(key) for key in rules.keys(one)] or [""])},
		fields=["name", "status", "outcome", "dimension", "group_value", "complaints", "window_from"],
		order_by="opened_on desc",
		limit_page_length=20,
	)
	return sorted(found, key=lambda one: (rules.OPEN, rules.ACTING, rules.ASSESSED).index(one.status))


def deliveries(first: date, last: date) -> tuple[list[rules.Delivery], list[str]]:
	"""Return what left us in a period, as the sales record counts it, and the DocTypes that the user may not
	read (D6).
	"""
	record = sales_record.read(sales_record.Wanted(first, last))
	found = [
		rules.Delivery(
			getdate(line.posting_date),
			float(line.qty),
			line.item_code or "",
			line.batch_no or "",
			line.customer or "",
		)
		for line in record.lines
		if not line.is_return
	]
	return found, record.withheld


def watch(
	complaints: Iterable[rules.Complaint], deliveries: Iterable[rules.Delivery], today: date
) -> list[str]:
	"""Open a signal for each group that crosses a limit, and return the names of those that are new (H8).

	Done twice, it opens nothing twice: of each group one is open at most, which the database sees to.
	"""
	given = limits()
	complaints = list(complaints)
	days = {one.name: one.day for one in complaints}
	found = [
		(t, methods)
		for t in rules.tallies(complaints, deliveries, *rules.periods(today, given))
		if (methods := rules.crossed(t, given))
	]
	latest = _latest([_key(t.key) for t, _methods in found])
	new = []
	for tally, methods in found:
		name, standing = latest.get(_key(tally.key), ("", None))
		step = rules.step(tally, standing)
		if step == rules.NOTHING:
			continue
		values = _values(tally, methods, today, given, days)
		if step == rules.GROWN:
			_grow(name, values)
		elif name := _open(tally, values):
			new.append(name)
	return new


def _key(key: rules.Key) -> str:
	"""By which a group is found again: names may be long, and differ by case only."""
	return hashlib.sha256("\n".join((key.dimension, key.product, key.value)).encode()).hexdigest()


def _latest(keys: list[str]) -> dict[str, tuple[str, rules.Standing]]:
	"""The latest signal of each group, with the complaints of it and of those before; two queries."""
	rows = frappe.get_all(
		DOCTYPE,
		filters={"group_key": ("in", keys or [""])},
		fields=["name", "group_key", "status"],
		order_by="creation, name",
	)
	cases: dict[str, set[str]] = {}
	for parent, complaint in frappe.get_all(
		CASE,
		filters={"parenttype": DOCTYPE, "parent": ("in", [r.name for r in rows] or [""])},
		fields=["parent", "complaint"],
		as_list=True,
	):
		cases.setdefault(parent, set()).add(complaint)
	found: dict[str, tuple[str, rules.Standing]] = {}
	for r in rows:
		before = found[r.group_key][1].complaints if r.group_key in found else frozenset()
		# An open one is compared with what it lists itself.
		known = cases.get(r.name, set()) | (set() if r.status == rules.OPEN else before)
		found[r.group_key] = (r.name, rules.Standing(r.status, frozenset(known)))
	return found


def _values(
	tally: rules.Tally, methods: tuple[str, ...], today: date, given: rules.Limits, days: dict[str, date]
) -> dict[str, Any]:
	window, reference = rules.periods(today, given)
	return {
		"by_number": int(rules.NUMBER in methods),
		"by_rate": int(rules.RATE in methods),
		"by_statistics": int(rules.STATISTICAL in methods),
		"window_from": window.first,
		"window_to": window.last,
		"reference_from": reference.first,
		"complaints": tally.count,
		"delivered": tally.delivered,
		"rate": rules.rate(tally.count, tally.delivered) or 0,
		"limit_count": rules.limit(tally, given) or 0,
		"reference_complaints": tally.reference_complaints,
		"reference_delivered": tally.reference_delivered,
		"reference_rate": rules.rate(tally.reference_complaints, tally.reference_delivered) or 0,
		"probability": rules.chance(
			tally.count, tally.delivered, tally.reference_complaints, tally.reference_delivered
		)
		or 0,
		"cases": [{"complaint": name, "complained_on": days.get(name)} for name in tally.complaints],
	}


def _open(tally: rules.Tally, values: dict[str, Any]) -> str:
	key = tally.key
	signal = frappe.get_doc(
		{
			"doctype": DOCTYPE,
			"status": rules.OPEN,
			"dimension": key.dimension,
			"group_value": key.value[:140],
			"group_key": _key(key),
			"open_key": _key(key),
			"item_code": (key.value if key.dimension == rules.PRODUCT else key.product) or None,
			"batch_no": key.value if key.dimension == rules.BATCH else None,
			"cause_code": key.value if key.dimension == rules.CAUSE else None,
			"customer": key.value if key.dimension == rules.CUSTOMER else None,
			"opened_on": now_datetime(),
			**values,
		}
	)
	frappe.db.savepoint("qms_signal")
	try:
		with moving(signal, mark("Signal Opened")):
			# Opened by the job; nobody makes one by hand. What a complaint names may be gone by now.
			signal.insert(ignore_permissions=True, ignore_links=True)
	except (frappe.UniqueValidationError, frappe.DuplicateEntryError):
		# A second job was quicker.
		frappe.db.rollback(save_point="qms_signal")
		frappe.clear_last_message()
		return ""
	ask(signal)
	return signal.name


def ask(signal: Document) -> None:
	"""Put a signal into the inbox of who assesses it, or opens what follows, and of who has something to do
	for it (H8, L3).
	"""
	notify.done(signal)
	group = (_(signal.dimension, context=DOCTYPE), signal.group_value)
	if signal.status == rules.OPEN:
		text = _("Assess the signal {0}: {1} complaints, {2} {3}").format(
			signal.name, signal.complaints, *group
		)
	elif signal.status == rules.ACTING:
		text = _("Open what follows from the signal {0}, and see it done: {1} {2}").format(
			signal.name, *group
		)
	else:
		return
	users = dict.fromkeys(user for role in ASSESSORS for user in people.holders(role))
	notify.assign(signal, users, text)
	for user, until in action_rows.owed(signal).items():
		if user not in users:
			notify.assign(
				signal, [user], _("Do the action on the signal {0}").format(signal.name), until or None
			)


def _grow(name: str, values: dict[str, Any]) -> None:
	signal = frappe.get_doc(DOCTYPE, name, for_update=True)
	if signal.status != rules.OPEN:
		return
	signal.update(values)
	signal.flags.ignore_links = True
	with moving(signal, mark("Signal Grown")):
		signal.save(ignore_permissions=True)


def shown_hash(signal: Document) -> str:
	"""Return the hash of all that a person sees on a signal (C12)."""
	return hashlib.sha256(f"{signal.status}\n{contents.text_of(signal)}".encode()).hexdigest()


def readable(name: str) -> Document:
	"""Return a signal; who may not read it is refused (L1)."""
	signal = frappe.get_doc(DOCTYPE, name)
	people.check_readable(signal)
	return signal


def assess(name: str, content_hash: str, outcome: str, assessment: str) -> Document:
	"""Say, signed, what comes of a signal, and return it (H8, C12, K3). Raises QMSRefusal."""
	readable(name)
	signal = frappe.get_doc(DOCTYPE, name, for_update=True)
	user, role = frappe.session.user, require_assessor()
	if found := rules.assessment_refusals(signal.status, outcome, assessment or ""):
		refuse(found)
	require_shown(signal, content_hash)
	signal.update(
		{
			"status": rules.status(outcome, ()),
			"open_key": None,
			"outcome": outcome,
			"assessment": assessment,
			"assessed_by": user,
			"assessed_by_name": people.full_name(user),
			"assessed_on": now_datetime(),
		}
	)
	refuse_incomplete(signal)
	signing.in_hand()
	signal.flags.ignore_links = True
	with moving(signal):
		# The role was checked above; nobody has a general right to write signals.
		signal.save(ignore_permissions=True)
	signing.sign(signal, ASSESSED, role, "", assessment, content_hash)
	ask(signal)
	if outcome == rules.ACTION:
		advisory.of_signal(signal)
	return signal


def require_assessor() -> str:
	"""Return the role in which the current user assesses signals and opens what follows; refuse who has none
	(H8, L1).
	"""
	return opened.require_role("H8", mark("A signal is assessed by: {0}."), ASSESSORS)


def require_shown(signal: Document, content_hash: str) -> None:
	"""Refuse a step on a signal that is not what was shown any more (C12)."""
	if content_hash != shown_hash(signal):
		refuse_one("C12", mark("The signal has changed since it was shown to you. Reload it and look again."))

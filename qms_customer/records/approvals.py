"""Each approval in the ledger that the doors ask was given by somebody, and each that was given is there (C1,
K2).
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

import frappe

from qms_customer.contract import approved, notices, reviews
from qms_customer.contract.content import CONTRACT_DOCTYPES
from qms_customer.contract.decide import MEANINGS
from qms_customer.contract.proposed import NOTICE
from qms_customer.records import ledger
from qms_customer.rules import adoption, chain
from qms_customer.rules import review as rules
from qms_customer.rules.notice import CHANGE

BATCH = 200
# Events of a chain that approve: signed by who decided, or by the salesperson alone (C5).
APPROVING = (MEANINGS[rules.APPROVED], MEANINGS["Overruled"], reviews.BY_SIGNATURE)
# What a row of the ledger repeats of its review.
REPEATED = (
	"reference_doctype",
	"reference_name",
	"fingerprint",
	"content",
	"valid_until",
	"review_path",
	"withdrawn",
)
FIELDS = ["name", *REPEATED, "source_doctype", "source_name", "inherited", "approved_by", "approved_on"]


def verify(doctype: str = "", name: str = "") -> Iterator[chain.Finding]:
	"""Yield rows that no approved, signed review stands behind, and approvals that have no row.

	`doctype`: the ledger's own, that of reviews or that of adoptions; with any other there is nothing to
	verify.
	"""
	if doctype in ("", approved.ADOPTION):
		yield from _adoptions(name)
	if doctype not in ("", approved.DOCTYPE, reviews.REVIEW, NOTICE):
		return
	only = []
	if name:
		only = [["name" if doctype == approved.DOCTYPE else "source_name", "=", name]]
	last = ""
	while rows := frappe.get_all(
		approved.DOCTYPE,
		filters=[["name", ">", last], *only],
		fields=FIELDS,
		order_by="name",
		limit=BATCH,
	):
		for row, wrong in _wrong(rows).items():
			yield chain.Finding(chain.NOT_APPROVED, approved.DOCTYPE, row, detail=wrong)
		last = rows[-1].name
	if doctype != approved.DOCTYPE:
		yield from _missing(name)


def _wrong(rows: list[frappe._dict]) -> dict[str, str]:
	"""Return what is wrong with each row that is wrong, by name: the field, or "source"."""
	bases = _bases([r for r in rows if r.inherited])
	given = [r for r in rows if not r.inherited] + [b for found in bases.values() for b in found]
	problems = _problems(given)
	found = {r.name: problems[r.name] for r in rows if not r.inherited and problems.get(r.name)}
	orders = _came_from([r for r in rows if r.inherited])
	for row in rows:
		if not row.inherited:
			continue
		sound = [
			b
			for b in bases[(row.source_doctype, row.source_name)]
			if not problems.get(b.name) and b.approved_by == row.approved_by
		]
		if chain.sha256(row.content or "") != row.fingerprint:
			found[row.name] = "content"
		elif not sound or (row.reference_name, row.source_name) not in orders:
			found[row.name] = "source"
		elif row.review_path not in [b.review_path for b in sound]:
			found[row.name] = "review_path"
	return found


def _problems(rows: list[frappe._dict]) -> dict[str, str]:
	"""Return of rows that a review gave what does not agree with it, "" if all does."""
	names = sorted({r.source_name or "" for r in rows if r.source_doctype == reviews.REVIEW})
	given = {
		r.name: r
		for r in frappe.get_all(
			reviews.REVIEW,
			filters={"name": ("in", names or [""]), "docstatus": 1, "decision": rules.APPROVED},
			fields=["name", *REPEATED, "decided_by", "decided_on"],
		)
	}
	snapshot = frappe.qb.DocType(ledger.SNAPSHOT)
	signed = set(
		frappe.qb.from_(snapshot)
		.select(snapshot.reference_name)
		.where((snapshot.reference_doctype == reviews.REVIEW) & snapshot.reference_name.isin(names or [""]))
		.where(snapshot.event.isin(APPROVING) & (snapshot.signature_hash != ""))
		.run(pluck=True)
	)
	found = _problems_of_changes([r for r in rows if r.source_doctype == NOTICE])
	for row in rows:
		if row.source_doctype == NOTICE:
			continue
		review = given.get(row.source_name) if row.source_doctype == reviews.REVIEW else None
		if review is None or review.name not in signed:
			found[row.name] = "source"
		elif chain.sha256(row.content or "") != row.fingerprint:
			found[row.name] = "content"
		elif row.approved_by != review.decided_by:
			found[row.name] = "approved_by"
		elif not _same_moment(row, review):
			found[row.name] = "approved_on"
		else:
			found[row.name] = next((f for f in REPEATED if (row[f] or "") != (review[f] or "")), "")
	return found


def _problems_of_changes(rows: list[frappe._dict]) -> dict[str, str]:
	"""Return of rows that a change notice gave what does not agree with it, "" if all does (E7)."""
	names = sorted({r.source_name or "" for r in rows}) or [""]
	given = {
		r.name: r
		for r in frappe.get_all(
			NOTICE,
			filters={"name": ("in", names), "docstatus": 1, "decision": rules.APPROVED, "kind": CHANGE},
			fields=[
				"name",
				"reference_doctype",
				"reference_name",
				"fingerprint",
				"review_path",
				"decided_by",
				"decided_on",
			],
		)
	}
	snapshot = frappe.qb.DocType(ledger.SNAPSHOT)
	signed = set(
		frappe.qb.from_(snapshot)
		.select(snapshot.reference_name)
		.where((snapshot.reference_doctype == NOTICE) & snapshot.reference_name.isin(names))
		.where((snapshot.event == notices.APPLIED) & (snapshot.signature_hash != ""))
		.run(pluck=True)
	)
	found = {}
	for row in rows:
		notice = given.get(row.source_name)
		if notice is None or notice.name not in signed:
			found[row.name] = "source"
		elif chain.sha256(row.content or "") != row.fingerprint:
			found[row.name] = "content"
		elif row.approved_by != notice.decided_by:
			found[row.name] = "approved_by"
		elif not _same_moment(row, notice):
			found[row.name] = "approved_on"
		else:
			repeated = ("reference_doctype", "reference_name", "fingerprint", "review_path")
			found[row.name] = next((f for f in repeated if (row[f] or "") != (notice[f] or "")), "")
	return found


def _same_moment(row: frappe._dict, review: frappe._dict) -> bool:
	"""Both are written in one transaction, one after the other."""
	if not (row.approved_on and review.decided_on):
		return False
	return abs(row.approved_on - review.decided_on) < timedelta(minutes=10)


def _bases(rows: list[frappe._dict]) -> dict[tuple[str, str], list[frappe._dict]]:
	"""Return the approvals of the quotations and blanket orders that these rows were inherited from."""
	found: dict[tuple[str, str], list[frappe._dict]] = defaultdict(list)
	names = sorted({r.source_name or "" for r in rows})
	if names:
		for base in frappe.get_all(
			approved.DOCTYPE, filters={"reference_name": ("in", names), "inherited": 0}, fields=FIELDS
		):
			found[(base.reference_doctype, base.reference_name)].append(base)
	return found


def _came_from(rows: list[frappe._dict]) -> set[tuple[str, str]]:
	"""Return which of the orders that inherited have a row from what they inherited from."""
	if not rows:
		return set()
	line = frappe.qb.DocType("Sales Order Item")
	found = (
		frappe.qb.from_(line)
		.select(line.parent, line.prevdoc_docname, line.blanket_order)
		.distinct()
		.where(
			line.parent.isin(sorted({r.reference_name for r in rows})) & (line.parenttype == "Sales Order")
		)
		.run()
	)
	return {(order, source) for order, *sources in found for source in sources if source}


def _missing(name: str) -> Iterator[chain.Finding]:
	"""Yield approved reviews whose row is gone from the ledger."""
	review, row = frappe.qb.DocType(reviews.REVIEW), frappe.qb.DocType(approved.DOCTYPE)
	query = (
		frappe.qb.from_(review)
		.left_join(row)
		.on((row.source_name == review.name) & (row.source_doctype == reviews.REVIEW) & (row.inherited == 0))
		.select(review.name, review.reference_name)
		.where(row.name.isnull() & (review.docstatus == 1) & (review.decision == rules.APPROVED))
		# What the review of a change approved stands in the ledger under its notice.
		.where(review.change_notice.isnull() | (review.change_notice == ""))
		.orderby(review.name)
	)
	if name:
		query = query.where(review.name == name)
	for gone, contract in query.run():
		yield chain.Finding(chain.APPROVAL_REMOVED, reviews.REVIEW, gone, detail=contract)
	notice = frappe.qb.DocType(NOTICE)
	query = (
		frappe.qb.from_(notice)
		.left_join(row)
		.on((row.source_name == notice.name) & (row.source_doctype == NOTICE))
		.select(notice.name, notice.reference_name)
		.where(row.name.isnull() & (notice.docstatus == 1) & (notice.decision == rules.APPROVED))
		.where(notice.kind == CHANGE)
		.orderby(notice.name)
	)
	if name:
		query = query.where(notice.name == name)
	for gone, contract in query.run():
		yield chain.Finding(chain.APPROVAL_REMOVED, NOTICE, gone, detail=contract)


def _adoptions(name: str) -> Iterator[chain.Finding]:
	"""Yield adoptions in force that nobody signed, or whose list is not the one that was signed (E8)."""
	for record in frappe.get_all(
		approved.ADOPTION,
		filters={"docstatus": 1, **({"name": name} if name else {})},
		fields=["name", "baseline_hash", "prepared_on"],
		order_by="name",
	):
		signed_on = frappe.db.get_value(
			ledger.SIGNATURE,
			{
				"reference_doctype": approved.ADOPTION,
				"reference_name": record.name,
				"meaning": ("in", adoption.MEANINGS),
			},
			"signed_on",
		)
		if not signed_on:
			yield chain.Finding(chain.NOT_APPROVED, approved.ADOPTION, record.name, detail="signature")
			continue
		lines: list[str] = []
		yield from _lines(record, signed_on, lines)
		if adoption.baseline_hash(lines) != record.baseline_hash:
			yield chain.Finding(chain.NOT_APPROVED, approved.ADOPTION, record.name, detail="baseline_hash")


def _lines(record: frappe._dict, signed_on: datetime, lines: list[str]) -> Iterator[chain.Finding]:
	"""Read the lines of a list, contracts by the names that they had, and yield those that are wrong
	themselves.
	"""
	former = _former_names(signed_on)
	last = ""
	while rows := frappe.get_all(
		approved.ADOPTED,
		filters={"adoption": record.name, "name": (">", last)},
		fields=["name", "reference_doctype", "reference_name", "fingerprint", "content", "read_on"],
		order_by="name",
		limit=BATCH,
	):
		for row in rows:
			place = (row.reference_doctype, row.reference_name)
			lines.append(adoption.line(place[0], former.get(place, place[1]), row.fingerprint or ""))
			if row.fingerprint and chain.sha256(row.content or "") != row.fingerprint:
				yield chain.Finding(chain.NOT_APPROVED, approved.ADOPTED, row.name, detail="content")
			# From then on renamed masters are followed: it lies between preparing and signing.
			elif not (row.read_on and _second(record.prepared_on) <= row.read_on <= signed_on):
				yield chain.Finding(chain.NOT_APPROVED, approved.ADOPTED, row.name, detail="read_on")
		last = rows[-1].name


def _second(moment: datetime) -> datetime:
	"""The moment without its fraction: the database may round it."""
	return moment.replace(microsecond=0)


def _former_names(since: datetime) -> dict[tuple[str, str], str]:
	"""Return by its name today the name that a contract had then, where it was renamed."""
	found: dict[tuple[str, str], str] = {}
	for row in frappe.get_all(
		"Record Alias",
		filters={"renamed_on": (">=", since), "master_doctype": ("in", CONTRACT_DOCTYPES)},
		fields=["master_doctype", "old_name", "new_name"],
		order_by="renamed_on, creation",
	):
		former = found.pop((row.master_doctype, row.old_name), row.old_name)
		found[row.master_doctype, row.new_name] = former
	return found

"""The list of an adoption: contracts read as they are stored, a table at a time, and compared again (E8)."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import now_datetime

from qms_customer.contract import approved, content, scope
from qms_customer.contract.settings import settings
from qms_customer.rules import adoption as rules
from qms_customer.rules import content as content_rules
from qms_customer.rules import mark
from qms_customer.rules.scope import Cell

LINE = approved.ADOPTED
BATCH = 500
COLUMNS = (
	"name",
	"owner",
	"modified_by",
	"creation",
	"modified",
	"adoption",
	"reference_doctype",
	"reference_name",
	"state",
	"problem",
	"company",
	"customer",
	"document_date",
	"amount",
	"read_on",
	"fingerprint",
	"content",
)
# What a list shows of each contract, beside its content.
SHOWN = {
	"Sales Order": ("status", "transaction_date", "base_grand_total"),
	"Quotation": ("status", "transaction_date", "base_grand_total"),
	"Blanket Order": (None, "from_date", None),
}


def committed(doctype: str) -> list[list]:
	filters = [["docstatus", "=", 1]]
	if doctype == "Blanket Order":
		filters.append(["blanket_order_type", "=", "Selling"])
	if doctype == "Quotation" and not settings().gate_quotations:
		filters.append(["qms_is_tender", "=", 1])
	return filters


def cells_of(record: Document) -> list[Cell]:
	return [Cell(r.for_company or "", r.item_group or "") for r in record.scope]


def mine(record: Document, doctype: str, names: list[str]) -> list[str]:
	"""Return which contracts the list is about: in its scope, and not under the gate already."""
	return sorted(
		scope.covered_contracts(doctype, names, cells_of(record)) - scope.covered_contracts(doctype, names)
	)


def read(doctype: str, names: list[str], read_on: Any) -> list[dict[str, Any]]:
	"""Return the lines of contracts as they are stored; what cannot be read says why (E8).

	One query a table, whatever the number of contracts.
	"""
	if not names:
		return []
	status, date, amount = SHOWN[doctype]
	heads = {
		h.name: h
		for h in frappe.get_all(
			doctype,
			filters={"name": ("in", names)},
			fields=["name", "docstatus", "company", *(f for f in (status, date, amount) if f)],
		)
	}
	try:
		contents, wrong = content.stored_contents(doctype, names), {}
	except Exception:
		# One that is broken does not hide the others.
		contents, wrong = _one_by_one(doctype, names)
	lines = []
	for name in names:
		head, canonical = heads.get(name), contents.get(name)
		if head is None:
			continue
		problem = wrong.get(name) or (rules.problem_of(canonical) if canonical else mark("It is gone."))
		readable = canonical is not None and not problem
		lines.append(
			{
				"reference_doctype": doctype,
				"reference_name": name,
				"state": (status and head[status]) or ("Draft" if head.docstatus == 0 else "Submitted"),
				"problem": problem,
				"company": head.company,
				"customer": approved.customer_of(canonical) if canonical else None,
				"document_date": head[date],
				"amount": head[amount] if amount else None,
				"read_on": read_on,
				"fingerprint": content_rules.fingerprint(canonical) if readable else "",
				"content": content_rules.text(canonical) if readable else "",
			}
		)
	return lines


def _one_by_one(doctype: str, names: list[str]) -> tuple[dict[str, dict], dict[str, str]]:
	contents, wrong = {}, {}
	for name in names:
		try:
			contents |= content.stored_contents(doctype, [name])
		except Exception as error:
			wrong[name] = f"{type(error).__name__}: {error}"[:500]
	return contents, wrong


def insert(adoption: str, lines: list[dict[str, Any]]) -> None:
	"""Insert lines; one that is there already, of a job that was killed, stays as it is."""
	if not lines:
		return
	user, now = frappe.session.user, now_datetime()
	frappe.db.bulk_insert(
		LINE,
		list(COLUMNS),
		[
			tuple(
				{
					"name": frappe.generate_hash(length=20),
					"owner": user,
					"modified_by": user,
					"adoption": adoption,
					**one,
				}.get(c, now)
				for c in COLUMNS
			)
			for one in lines
		],
		ignore_duplicates=True,
		chunk_size=BATCH,
	)


def numbers(name: str) -> dict[str, Any]:
	"""Return what a list says as a whole: how many of which kind and state, and its hash; two queries."""
	counts: Counter = Counter()
	problems = 0

	def lines() -> Iterator[str]:
		nonlocal problems
		for doctype, contract, fingerprint, state in frappe.get_all(
			LINE,
			filters={"adoption": name},
			fields=["reference_doctype", "reference_name", "fingerprint", "state"],
			as_list=True,
			order_by=None,
		):
			counts[doctype, state or ""] += 1
			problems += not fingerprint
			yield rules.line(doctype, contract, fingerprint or "")

	digest = rules.baseline_hash(lines())
	return {
		"contracts": counts.total() - problems,
		"problems": problems,
		"counts": json.dumps(
			[{"doctype": d, "state": s, "count": n} for (d, s), n in sorted(counts.items())]
		),
		"baseline_hash": digest,
	}


@dataclass
class Delta:
	"""How contracts stand against a list: altered, added and gone since they were read."""

	altered: list[dict[str, Any]] = field(default_factory=list)
	added: list[dict[str, Any]] = field(default_factory=list)
	gone: list[tuple[str, str]] = field(default_factory=list)

	def names(self) -> list[str]:
		"""Return the contracts that a list no longer says right."""
		return [r["reference_name"] for r in (*self.altered, *self.added)] + [n for _d, n in self.gone]


def delta(record: Document) -> Delta:
	"""Compare a list with the contracts as they stand (E8): those that were touched since it was read.

	A constant number of queries a batch of what was touched; deliveries touch an order without altering what
	it promises.
	"""
	found, read_on = Delta(), now_datetime()
	for doctype in content.CONTRACT_DOCTYPES:
		touched = _touched(record, doctype)
		for start in range(0, len(touched), BATCH):
			_compare(record, doctype, touched[start : start + BATCH], read_on, found)
	return found


def _touched(record: Document, doctype: str) -> list[str]:
	"""Return what may have been altered, added or taken away since the collection began."""
	listed = (
		frappe.get_all(
			LINE, filters={"adoption": record.name, "reference_doctype": doctype}, pluck="reference_name"
		)
		if record.kind == rules.SUPPLEMENT
		else None
	)
	if listed is not None:
		return sorted(listed)
	since = record.collected_from
	names = set(frappe.get_all(doctype, filters={"modified": (">=", since)}, pluck="name"))
	for table in content.schema(doctype).tables:
		names |= set(
			frappe.get_all(
				frappe.get_meta(doctype).get_field(table).options,
				filters={"modified": (">=", since), "parenttype": doctype},
				pluck="parent",
				distinct=True,
			)
		)
	return sorted(names)


def _compare(record: Document, doctype: str, names: list[str], read_on: Any, found: Delta) -> None:
	known = {
		r.reference_name: r
		for r in frappe.get_all(
			LINE,
			filters={
				"adoption": record.name,
				"reference_doctype": doctype,
				"reference_name": ("in", names),
			},
			fields=["reference_name", "fingerprint", "state"],
		)
	}
	if record.kind == rules.SUPPLEMENT:
		alive = frappe.get_all(
			doctype, filters={"name": ("in", list(known)), "docstatus": ("<", 2)}, pluck="name"
		)
	else:
		alive = frappe.get_all(doctype, filters=[*committed(doctype), ["name", "in", names]], pluck="name")
		alive = mine(record, doctype, alive)
	now = {r["reference_name"]: r for r in read(doctype, sorted(alive), read_on)}
	for name, line in now.items():
		if name not in known:
			found.added.append(line)
		elif (known[name].fingerprint or "") != line["fingerprint"]:
			found.altered.append(line)
	found.gone += [(doctype, name) for name in known if name not in now]

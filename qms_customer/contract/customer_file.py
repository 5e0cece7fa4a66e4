"""The customer file 客户档案: all that there is about a customer on one page (D6, K6).

Each section is read with the permissions of who asks: what they may not read is named, and not shown. A
section holds the latest, and says how many there are and where all of them are.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import quote

import frappe
from frappe.model.document import Document
from frappe.query_builder import DocType
from frappe.utils import getdate, nowdate

from qms_customer.contract import customer_register as register
from qms_customer.contract import reviews
from qms_customer.contract.sales_record import SOURCES, text_of
from qms_customer.rules import mark
from qms_customer.rules.qualification import Standing

LATEST = 10
RETURN_SLIP = "Return Slip"
COLOURS = {
	Standing.VALID: "green",
	Standing.ENDS_SOON: "orange",
	Standing.MISSING: "red",
	Standing.EXPIRED: "red",
}


class Ref(NamedTuple):
	"""A document that a cell names."""

	doctype: str
	name: str
	label: str = ""


class Term(NamedTuple):
	"""A word that is shown in the reader's language, as a pill if it has a colour."""

	text: str
	context: str = ""
	colour: str = ""


class Money(NamedTuple):
	"""An amount in a currency."""

	amount: float
	currency: str


class Attached(NamedTuple):
	"""A file."""

	url: str
	title: str


@dataclass(frozen=True)
class Section:
	"""One kind of document about the customer: headings and rows, the latest first.

	`total` is how many there are, `where` the path in the Desk at which all of them are listed. Headings are
	marked for translation.
	"""

	key: str
	title: str
	headings: tuple[str, ...]
	rows: list[list[Any]]
	total: int
	where: str = ""


@dataclass
class File:
	"""A customer file as one reader sees it."""

	customer: Document
	standing: Standing
	valid_to: date | None
	sections: list[Section] = field(default_factory=list)
	withheld: list[str] = field(default_factory=list)


def read(name: str, latest: int = LATEST) -> File:
	"""Return the file of a customer, in a constant number of queries; refuses who may not read the customer
	(D6).
	"""
	customer = frappe.get_doc("Customer", name)
	customer.check_permission("read")
	licences = register.licences_of([customer.name])[customer.name]
	standing, decisive = register.standing_of(customer.get("qms_buyer_kind"), licences, getdate(nowdate()))
	found = File(customer, standing, decisive.until if decisive else None)
	found.sections.append(_licences(customer, licences))
	for doctype, make in _DOCUMENTS:
		doctype = doctype()
		if not register.exists(doctype):
			found.sections.append(make(doctype, customer.name, 0))
		elif frappe.has_permission(doctype, "read"):
			found.sections.append(make(doctype, customer.name, latest))
		else:
			found.withheld.append(doctype)
	readable = [d for d in SOURCES if frappe.has_permission(d, "read")]
	found.withheld += [d for d in SOURCES if d not in readable]
	found.sections += [_moved(readable, customer.name, latest, back) for back in (0, 1)]
	found.sections.append(_communication(customer, latest))
	found.sections.append(_files(customer, latest))
	order = {key: place for place, key in enumerate(ORDER)}
	found.sections.sort(key=lambda section: order[section.key])
	return found


ORDER = (
	*("licences", "contracts", "reviews", "changes", "deliveries", "return_slips", "returns", "complaints"),
	*("communication", "files"),
)


def _path(doctype: str, customer: str) -> str:
	return f"/app/{frappe.scrub(doctype).replace('_', '-')}?customer={quote(customer)}"


def _list(
	doctype: str, filters: dict[str, Any], fields: tuple[str, ...], latest: int, by: str
) -> tuple[list, int]:
	"""The latest documents that the reader may see, and how many there are; two queries."""
	if not latest:
		return [], 0
	meta = frappe.get_meta(doctype)
	kept = ["name", *(f for f in fields if f in ("creation", "modified") or meta.has_field(f))]
	rows = frappe.get_list(
		doctype, filters=filters, fields=kept, order_by=f"{by} desc, name desc", limit_page_length=latest
	)
	(count,) = frappe.get_list(doctype, filters=filters, fields=["count(name) as n"], order_by="")
	return rows, count.n


def _licences(customer: Document, rows: list[frappe._dict]) -> Section:
	today = getdate(nowdate())
	shown = []
	for row in rows:
		standing = register.licence_standing_of(row, today)
		shown.append(
			[
				Term(row.kind or "", "Customer Qualification"),
				row.number or "",
				row.scope or "",
				row.issued_by or "",
				row.valid_from,
				Term("Unlimited", "Customer Qualification") if row.no_expiry else row.valid_to,
				Term(standing.value, "", COLOURS.get(standing, "gray")),
				Attached(row.file, row.file.rsplit("/", 1)[-1]) if row.file else "",
			]
		)
	return Section(
		"licences",
		mark("Licences on File"),
		(
			*(
				mark("Kind of Licence"),
				mark("Licence Number"),
				mark("Scope of the Licence"),
				mark("Issuing Authority"),
			),
			*(mark("Valid From"), mark("Valid Until"), mark("Standing"), mark("Copy of the Licence")),
		),
		shown,
		len(rows),
		f"/app/customer/{quote(customer.name)}",
	)


def _contracts(doctype: str, customer: str, latest: int) -> Section:
	"""The contracts as the contract register has them (D5)."""
	rows, total = _list(
		doctype,
		{"customer": customer},
		(
			*("contract_number", "reference_doctype", "reference_name", "contract_date", "delivery_date"),
			*("review_status", "register_state", "amount", "currency", "per_delivered", "per_billed"),
			"creation",
		),
		latest,
		"creation",
	)
	return _contract_section(
		[
			[
				Ref(doctype, r.name, r.contract_number or r.name),
				Ref(r.reference_doctype, r.reference_name) if r.reference_name else "",
				r.contract_date,
				r.delivery_date,
				Term(r.review_status or ""),
				Term(r.register_state or "", doctype),
				Money(r.amount, r.currency),
				_percent(r.per_delivered),
				_percent(r.per_billed),
			]
			for r in rows
		],
		total,
		_path(doctype, customer),
	)


def _contract_section(rows: list[list[Any]], total: int, where: str) -> Section:
	return Section(
		"contracts",
		mark("Contracts"),
		(
			*(mark("Contract Number"), mark("Sales Document"), mark("Contract Date"), mark("Delivery Date")),
			*(
				mark("Review Status"),
				mark("Current State"),
				mark("Contract Amount"),
				mark("Share Delivered"),
				mark("Share Billed"),
			),
		),
		rows,
		total,
		where,
	)


def _percent(value: float | None) -> str:
	return "" if value is None else f"{value:.0f} %"


def _reviews(doctype: str, customer: str, latest: int) -> Section:
	rows, total = _list(
		doctype,
		{"customer": customer},
		(
			*("reference_doctype", "reference_name", "contract_class", "workflow_state", "prepared_on"),
			*("decided_on", "decided_by_name", "creation"),
		),
		latest,
		"creation",
	)
	return Section(
		"reviews",
		mark("Contract Reviews"),
		(
			*(
				mark("Review Number"),
				mark("Contract Reviewed"),
				mark("Contract Class"),
				mark("Current State"),
			),
			*(mark("Started On"), mark("Decision On")),
		),
		[
			[
				Ref(doctype, r.name),
				Ref(r.reference_doctype, r.reference_name),
				Term(r.contract_class or "", doctype),
				Term(r.workflow_state or ""),
				getdate(r.prepared_on) if r.prepared_on else None,
				getdate(r.decided_on) if r.decided_on else None,
			]
			for r in rows
		],
		total,
		_path(doctype, customer),
	)


def _changes(doctype: str, customer: str, latest: int) -> Section:
	rows, total = _list(
		doctype,
		{"customer": customer},
		("reference_doctype", "reference_name", "kind", "asked_by", "workflow_state", "creation"),
		latest,
		"creation",
	)
	return Section(
		"changes",
		mark("Changes"),
		(
			mark("Notice Number"),
			mark("Contract Changed"),
			mark("Kind of Change"),
			mark("Asked For By"),
			mark("Current State"),
			mark("Made On"),
		),
		[
			[
				Ref(doctype, r.name),
				Ref(r.reference_doctype or "Sales Order", r.reference_name) if r.reference_name else "",
				Term(r.kind or "", doctype),
				Term(r.asked_by or "", doctype),
				Term(r.workflow_state or ""),
				getdate(r.creation),
			]
			for r in rows
		],
		total,
		_path(doctype, customer),
	)


def _complaints(doctype: str, customer: str, latest: int) -> Section:
	"""What the customer complained about, and where that stands (H3, H5)."""
	rows, total = _list(
		doctype,
		{"customer": customer},
		("received_on", "item_code", "item_name", "batch_no", "severity", "workflow_state", "closed_on"),
		latest,
		"received_on",
	)
	return Section(
		"complaints",
		mark("Complaints"),
		(
			*(mark("Complaint Number"), mark("Complaint Received On"), mark("Product"), mark("Batch No")),
			*(mark("Severity of the Complaint"), mark("Current State"), mark("Closed On")),
		),
		[
			[
				Ref(doctype, r.name),
				getdate(r.received_on) if r.received_on else None,
				r.item_name or r.item_code or "",
				r.batch_no or "",
				Term(r.severity or "", doctype),
				Term(r.workflow_state or ""),
				getdate(r.closed_on) if r.closed_on else None,
			]
			for r in rows
		],
		total,
		_path(doctype, customer),
	)


def _return_slips(doctype: str, customer: str, latest: int) -> Section:
	"""What the customer put forward to give back, and what became of it (G1)."""
	rows, total = _list(
		doctype,
		{"customer": customer},
		(
			*("posting_date", "wanted", "is_quality_claim", "total_qty", "total_amount", "currency"),
			*("workflow_state", "closed_on"),
		),
		latest,
		"posting_date",
	)
	return Section(
		"return_slips",
		mark("Return Slips"),
		(
			*(
				mark("Return Slip Number"),
				mark("Date"),
				mark("Wanted by the Customer"),
				mark("Quality Claim"),
			),
			*(mark("Pieces"), mark("Amount"), mark("Current State"), mark("Closed On")),
		),
		[
			[
				Ref(doctype, r.name),
				r.posting_date,
				Term(r.wanted or "", doctype),
				Term("Yes") if r.is_quality_claim else Term("No"),
				frappe.utils.cstr(frappe.utils.flt(r.total_qty)).removesuffix(".0"),
				Money(r.total_amount or 0, r.currency),
				Term(r.workflow_state or ""),
				getdate(r.closed_on) if r.closed_on else None,
			]
			for r in rows
		],
		total,
		_path(doctype, customer),
	)


_DOCUMENTS: tuple[tuple[Callable[[], str], Callable[[str, str, int], Section]], ...] = (
	(lambda: register.REGISTER_ENTRY, _contracts),
	(lambda: reviews.REVIEW, _reviews),
	(lambda: register.CHANGE_NOTICE, _changes),
	(lambda: RETURN_SLIP, _return_slips),
	(lambda: register.COMPLAINT, _complaints),
)


def _moved(readable: list[str], customer: str, latest: int, back: int) -> Section:
	"""What was delivered to the customer, or came back, by whatever document it moved (D6)."""
	rows, total = [], 0
	for doctype in readable:
		some, count = _list(
			doctype,
			{"customer": customer, "docstatus": 1, "is_return": back, **SOURCES[doctype].which},
			("posting_date", "total_qty", "status", "return_against", "contact_display"),
			latest,
			"posting_date",
		)
		rows += [(r.posting_date, doctype, r) for r in some]
		total += count
	rows.sort(key=lambda row: row[0], reverse=True)
	headings = (mark("Delivery Document"), mark("Date of Delivery"), mark("Pieces"), mark("Contact Person"))
	return Section(
		"returns" if back else "deliveries",
		mark("Returns") if back else mark("Deliveries"),
		(*headings, mark("Returned from Document") if back else mark("Status")),
		[
			[
				Ref(doctype, r.name),
				day,
				frappe.utils.cstr(frappe.utils.flt(r.total_qty)).removesuffix(".0"),
				text_of(r.contact_display or ""),
				(Ref(doctype, r.return_against) if r.return_against else "")
				if back
				else Term(r.status or ""),
			]
			for day, doctype, r in rows[:latest]
		],
		total,
		f"/app/query-report/Sales Record?customer={quote(customer)}",
	)


def _communication(customer: Document, latest: int) -> Section:
	"""What the timeline of the customer's form shows to whoever may read the customer."""
	c, link = DocType("Communication"), DocType("Communication Link")
	shown = c.communication_type.isin(["Communication", "Feedback", "Automated Message"])
	named = (c.reference_doctype == "Customer") & (c.reference_name == customer.name)
	linked = (
		frappe.qb.from_(link)
		.select(link.parent)
		.where((link.link_doctype == "Customer") & (link.link_name == customer.name))
	)
	names = set(frappe.qb.from_(c).select(c.name).where(shown & named).run(pluck=True))
	names.update(frappe.qb.from_(c).select(c.name).where(shown & c.name.isin(linked)).run(pluck=True))
	rows = frappe.get_all(
		"Communication",
		filters={"name": ("in", sorted(names) or [""])},
		fields=[
			"name",
			"communication_date",
			"communication_medium",
			"sent_or_received",
			"sender_full_name",
			"sender",
			"subject",
		],
		order_by="communication_date desc, name desc",
		limit_page_length=latest,
	)
	return Section(
		"communication",
		mark("Communication"),
		(mark("Date"), mark("Channel"), mark("Sent or Received"), mark("Sender"), mark("Subject")),
		[
			[
				getdate(r.communication_date) if r.communication_date else None,
				Term(r.communication_medium or ""),
				Term(r.sent_or_received or ""),
				r.sender_full_name or r.sender or "",
				text_of(r.subject or ""),
			]
			for r in rows
		],
		len(names),
		f"/app/customer/{quote(customer.name)}",
	)


def _files(customer: Document, latest: int) -> Section:
	"""What is attached to the customer, as its form shows it."""
	rows = frappe.get_all(
		"File",
		filters={"attached_to_doctype": "Customer", "attached_to_name": customer.name},
		fields=["file_name", "file_url", "creation", "owner"],
		order_by="creation desc, name desc",
	)
	return Section(
		"files",
		mark("Files"),
		(mark("File"), mark("Attached On"), mark("Attached By")),
		[
			[Attached(r.file_url, r.file_name), getdate(r.creation), frappe.utils.get_fullname(r.owner)]
			for r in rows[:latest]
		],
		len(rows),
		f"/app/customer/{quote(customer.name)}",
	)

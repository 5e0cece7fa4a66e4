"""The sales record 销售记录 QP07-02, read from what was delivered (D6, K6).

Goods leave by Delivery Note, by invoices that move stock, and over the counter. The address and the contact
are those of the delivery document. A fixed number of queries whatever the number of rows, each by an index,
and with the permissions of who asks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from operator import eq, ge, le
from typing import Any

import frappe
from frappe.query_builder import DocType
from frappe.utils import strip_html

from qms_customer.contract.facts import number
from qms_customer.rules import sales_record as rules
from qms_customer.rules.sales_record import Entry


@dataclass(frozen=True)
class Source:
	"""A DocType with which goods leave: which field of a row names its order, and which documents count."""

	order: str
	which: dict[str, Any] = field(default_factory=dict)

	def rows(self, doctype: str) -> str:
		"""Return the DocType of its rows."""
		return f"{doctype} Item"


SOURCES = {
	"Delivery Note": Source("against_sales_order"),
	# An invoice that ERPNext consolidates of counter sales repeats them.
	"Sales Invoice": Source("sales_order", {"update_stock": 1, "is_consolidated": 0}),
	"POS Invoice": Source("sales_order"),
}
PACKED = "Packed Item"
# So many bundles are asked for by name.
FEW = 5000
_OPERATORS = {"=": eq, ">=": ge, "<=": le, "in": lambda field, values: field.isin(values)}
_HEAD = (
	*("name", "posting_date", "company", "customer", "customer_name", "is_return", "return_against"),
	*("shipping_address", "address_display", "contact_display", "contact_mobile", "contact_email"),
	"contact_person",
	*("is_internal_customer", "represents_company"),
)
_ROW = (
	*("name", "parent", "idx", "item_code", "item_name", "description", "batch_no", "serial_no"),
	"serial_and_batch_bundle",
)


@dataclass(frozen=True)
class Wanted:
	"""Which deliveries: an empty condition is none. With a batch or a serial number the period does not
	count: a trace that leaves out what was sold earlier is none. `batches`: several at once. `unrestricted`:
	all that was delivered, whatever the reader may see: of whom has to be told none is missing (I2).
	"""

	from_date: date | None = None
	to_date: date | None = None
	company: str = ""
	customer: str = ""
	item_code: str = ""
	batch_no: str = ""
	serial_no: str = ""
	contract: str = ""
	batches: frozenset[str] = frozenset()
	unrestricted: bool = False

	@property
	def of_batches(self) -> list[str]:
		"""Return the batches that are followed."""
		return sorted({*self.batches, self.batch_no} - {""})

	@property
	def traced(self) -> bool:
		"""Return whether batches or a device are followed."""
		return bool(self.batches or self.batch_no or self.serial_no)


@dataclass
class Found:
	"""The lines of the record in the order of delivery, and the DocTypes that this user may not read."""

	lines: list[frappe._dict]
	withheld: list[str]


def read(wanted: Wanted) -> Found:
	"""Return the sales record; quantities in stock units, negative for what came back (D6, K6)."""
	readable = [d for d in SOURCES if wanted.unrestricted or frappe.has_permission(d, "read")]
	holding = _holding(wanted) if wanted.traced or wanted.contract else None
	rows: list[frappe._dict] = []
	asked = {}
	for doctype in readable:
		conditions = _conditions(doctype, wanted, holding)
		if conditions is not None:
			asked[doctype] = conditions
			rows += _rows(doctype, wanted, conditions)
	items = _by_name("Item", {r.item_code for r in rows}, ("is_stock_item", "stock_uom"))
	rows = [r for r in rows if r.item_code in items and items[r.item_code].is_stock_item]
	entries = _entries({r.serial_and_batch_bundle for r in rows if r.serial_and_batch_bundle}, asked)
	lines = list(_lines(rows, entries, wanted, items))
	batches = _by_name("Batch", {line.batch_no for line in lines if line.batch_no}, ("expiry_date",))
	for line in lines:
		line.expiry_date = batches[line.batch_no].expiry_date if line.batch_no in batches else None
	lines.sort(key=lambda line: (line.posting_date, line.delivery, line.place))
	return Found(lines, [d for d in SOURCES if d not in readable])


def _conditions(doctype: str, wanted: Wanted, holding: dict[str, set[str]] | None) -> list[list] | None:
	"""The conditions on delivery documents, None if no document of the type can meet them."""
	conditions: list[list] = [[doctype, "docstatus", "=", 1]]
	conditions += [[doctype, name, "=", value] for name, value in SOURCES[doctype].which.items()]
	if holding is not None:
		if not holding.get(doctype):
			return None
		conditions.append([doctype, "name", "in", sorted(holding[doctype])])
	for name in ("company", "customer"):
		if value := getattr(wanted, name):
			conditions.append([doctype, name, "=", value])
	if not wanted.traced:
		if wanted.from_date:
			conditions.append([doctype, "posting_date", ">=", str(wanted.from_date)])
		if wanted.to_date:
			conditions.append([doctype, "posting_date", "<=", str(wanted.to_date)])
	return conditions


def _rows(doctype: str, wanted: Wanted, conditions: list[list]) -> list[frappe._dict]:
	"""The delivered rows of one type of document, the parts of bundles among them, each with its document."""
	source, of_item = SOURCES[doctype], {}
	table = source.rows(doctype)
	if wanted.item_code:
		of_item = {t: [[t, "item_code", "=", wanted.item_code]] for t in (table, PACKED)}
	plain = _list(
		doctype,
		[*conditions, *of_item.get(table, [])],
		[*(f"items.{f}" for f in (*_ROW, "stock_qty as qty")), f"items.{source.order} as contract"],
		wanted,
	)
	packed = _list(
		doctype,
		[*conditions, *of_item.get(PACKED, [[PACKED, "item_code", "is", "set"]])],
		[f"packed_items.{f}" for f in (*_ROW, "qty", "parent_detail_docname as row", "parent_item")],
		wanted,
	)
	contracts = {r.name: r.contract for r in plain}
	if missing := {r.row for r in packed if r.row} - contracts.keys():
		contracts.update(
			{k: v.contract for k, v in _by_name(table, missing, (f"{source.order} as contract",)).items()}
		)
	for row in packed:
		row.contract = contracts.get(row.row)
	rows = [r for r in (*plain, *packed) if r.item_code]
	if wanted.contract:
		rows = [r for r in rows if r.contract == wanted.contract]
	heads = _heads(doctype, conditions, rows if wanted.item_code or wanted.contract else None, wanted)
	kept = []
	for row in rows:
		row.head = heads.get(row.parent)
		if row.head:
			kept.append(row)
	return kept


def _heads(
	doctype: str, conditions: list[list], rows: list | None, wanted: Wanted
) -> dict[str, frappe._dict]:
	"""The documents by name, with where the goods went; what a company delivers to itself is no sale."""
	if rows is not None:
		if not rows:
			return {}
		conditions = [*conditions, [doctype, "name", "in", sorted({r.parent for r in rows})]]
	meta = frappe.get_meta(doctype)
	heads = {}
	fields = [f for f in _HEAD if f == "name" or meta.has_field(f)]
	for head in _list(doctype, conditions, fields, wanted):
		if head.is_internal_customer and head.represents_company == head.company:
			continue
		head.doctype = doctype
		head.address = text_of(head.shipping_address or head.address_display or "")
		head.contact = _contact(head.contact_display, head.contact_mobile, head.contact_email)
		heads[head.name] = head
	_name_contacts(heads)
	return heads


def _name_contacts(heads: dict[str, frappe._dict]) -> None:
	"""What was not typed in the Desk may name a contact, and not say who that is."""
	unnamed = {h.contact_person for h in heads.values() if h.contact_person and not h.contact}
	people = _by_name("Contact", unnamed, ("first_name", "last_name", "mobile_no", "phone", "email_id"))
	for head in heads.values():
		if not head.contact and (person := people.get(head.contact_person)):
			name = " ".join(filter(None, (person.first_name, person.last_name)))
			head.contact = _contact(name, person.mobile_no or person.phone, person.email_id)


def _contact(name: str | None, phone: str | None, email: str | None) -> str:
	return ", ".join(filter(None, (text_of(name or ""), phone or email)))


def _list(doctype: str, conditions: list[list], fields: list[str], wanted: Wanted) -> list[frappe._dict]:
	# All of them: the caller bounds the period, and says where no permission may leave anything out.
	return frappe.get_list(
		doctype,
		filters=conditions,
		fields=fields,
		order_by="",
		limit_page_length=0,
		ignore_permissions=wanted.unrestricted,
	)


def text_of(html: str) -> str:
	"""Return an address or a description, which ERPNext keeps as HTML, in one line."""
	if "<" in html:
		html = strip_html(html.replace("<br>", "\n").replace("</p>", "\n").replace("</div>", "\n"))
	return ", ".join(filter(None, (line.strip(" ,\t\r") for line in html.split("\n"))))


def _by_name(doctype: str, names: Iterable[str], fields: tuple[str, ...]) -> dict[str, frappe._dict]:
	"""Particulars of what a permitted delivery names; one query, none without names."""
	names = sorted(names)
	if not names:
		return {}
	# What a delivery says of its goods may be read with it.
	found = frappe.get_all(doctype, filters={"name": ("in", names)}, fields=["name", *fields], order_by="")
	return {row.name: row for row in found}


def _entries(bundles: set[str], asked: dict[str, list[list]]) -> dict[str, list[Entry]]:
	"""The batches and serial numbers of Serial and Batch Bundles: few by name in one query, many by the
	conditions on their documents, as naming each would take longer than to read it.
	"""
	e = DocType("Serial and Batch Entry")
	if len(bundles) <= FEW:
		few = frappe.qb.from_(e).where(e.parent.isin(sorted(bundles))).orderby(e.parent, e.idx)
		named = (few,) if bundles else ()
	else:
		named = (
			_of_documents(e, doctype, table, conditions)
			for doctype, conditions in asked.items()
			for table in (SOURCES[doctype].rows(doctype), PACKED)
		)
	found: dict[str, list[Entry]] = {}
	for query in named:
		for parent, batch, serial, quantity in query.select(e.parent, e.batch_no, e.serial_no, e.qty).run():
			if parent in bundles:
				found.setdefault(parent, []).append(Entry(batch or "", serial or "", number(quantity)))
	return found


def _of_documents(entry: Any, doctype: str, table: str, conditions: list[list]) -> Any:
	"""The entries of the rows of documents that meet the conditions; of which of them, the rows say."""
	document, row = DocType(doctype), DocType(table)
	query = (
		frappe.qb.from_(document)
		.join(row)
		.on((row.parent == document.name) & (row.parenttype == doctype))
		.join(entry)
		.on(entry.parent == row.serial_and_batch_bundle)
	)
	for _doctype, name, operator, value in conditions:
		query = query.where(_OPERATORS[operator](document[name], value))
	return query


def _lines(
	rows: list[frappe._dict], entries: dict[str, list[Entry]], wanted: Wanted, items: dict[str, frappe._dict]
) -> Iterator[frappe._dict]:
	specifications: dict[tuple[str, str], str] = {}
	for row in rows:
		head, quantity = row.head, number(row.qty)
		if head.is_return:
			quantity = -abs(quantity)
		found = rules.parts(
			quantity,
			entries.get(row.serial_and_batch_bundle or "", ()),
			row.batch_no or "",
			row.serial_no or "",
		)
		if wanted.traced:
			found = rules.narrowed(found, wanted.of_batches, wanted.serial_no)
		key = (row.item_name or "", row.description or "")
		if key not in specifications:
			text = text_of(key[1])
			specifications[key] = "" if text in (key[0], row.item_code) else text
		for place, part in enumerate(found):
			yield frappe._dict(
				posting_date=head.posting_date,
				reference_doctype=head.doctype,
				delivery=head.name,
				# Rows, then the parts of bundles, each by batches.
				place=(bool(row.row), row.idx, place),
				contract=row.contract or None,
				customer=head.customer,
				customer_name=head.customer_name,
				item_code=row.item_code,
				item_name=row.item_name,
				specification=specifications[key],
				part_of=row.parent_item or "",
				batch_no=part.batch,
				serial_no=", ".join(part.serials),
				qty=float(part.quantity),
				stock_uom=items[row.item_code].stock_uom,
				address=head.address,
				contact=head.contact,
				is_return=bool(head.is_return),
				return_against=head.return_against or "",
			)


def _holding(wanted: Wanted) -> dict[str, set[str]]:
	"""By DocType the documents in which a batch, a serial number or a contract may be found; the rows say
	exactly. Which of them may be read, the list of documents says.
	"""
	by_contract = _of_contract(wanted.contract) if wanted.contract else None
	if not wanted.traced:
		return by_contract or {}
	found = _of_batch(wanted)
	if by_contract is None:
		return found
	return {doctype: found[doctype] & by_contract[doctype] for doctype in SOURCES}


def _of_contract(order: str) -> dict[str, set[str]]:
	return {
		doctype: set(
			frappe.get_all(
				source.rows(doctype), {source.order: order, "docstatus": 1}, pluck="parent", distinct=True
			)
		)
		for doctype, source in SOURCES.items()
	}


def _of_batch(wanted: Wanted) -> dict[str, set[str]]:
	"""By the bundles, and by the texts of rows and (for parts of bundles) of the stock ledger."""
	found: dict[str, set[str]] = {doctype: set() for doctype in SOURCES}
	bundle, entry = DocType("Serial and Batch Bundle"), DocType("Serial and Batch Entry")
	query = (
		frappe.qb.from_(entry)
		.join(bundle)
		.on(bundle.name == entry.parent)
		.select(bundle.name, bundle.voucher_type, bundle.voucher_no, bundle.item_code)
		.where(bundle.is_cancelled == 0)
	)
	if wanted.of_batches:
		query = query.where(entry.batch_no.isin(wanted.of_batches))
	if wanted.serial_no:
		query = query.where(entry.serial_no == wanted.serial_no)
	bundles = set()
	for name, voucher_type, voucher_no, _item in query.run():
		bundles.add(name)
		if voucher_type in found and voucher_no:
			found[voucher_type].add(voucher_no)
	items = (
		frappe.get_all("Batch", {"name": ("in", wanted.of_batches)}, pluck="item")
		if wanted.of_batches
		else frappe.get_all("Serial No", {"name": wanted.serial_no}, pluck="item_code")
	)
	items = sorted({item for item in items if item})
	if not items:
		return found
	for doctype, source in SOURCES.items():
		row = DocType(source.rows(doctype))
		named = _names_it(row, wanted)
		if bundles:
			# A consolidated counter sale has handed its bundle on to the invoice.
			named = named | row.serial_and_batch_bundle.isin(sorted(bundles))
		found[doctype].update(
			frappe.qb.from_(row)
			.select(row.parent)
			.distinct()
			.where(row.item_code.isin(items) & (row.docstatus == 1) & named)
			.run(pluck=True)
		)
	moved = DocType("Stock Ledger Entry")
	for voucher_type, voucher_no in (
		frappe.qb.from_(moved)
		.select(moved.voucher_type, moved.voucher_no)
		.distinct()
		.where(moved.item_code.isin(items) & (moved.is_cancelled == 0) & _names_it(moved, wanted))
		.where(moved.voucher_type.isin(list(SOURCES)))
		.run()
	):
		found[voucher_type].add(voucher_no)
	return found


def _names_it(row: Any, wanted: Wanted) -> Any:
	if wanted.of_batches and not wanted.serial_no:
		return row.batch_no.isin(wanted.of_batches)
	# The text may hold many; which of them it is, is compared exactly afterwards.
	text = wanted.serial_no.replace("\\", "\\\\")
	return row.serial_no.like(f"%{text}%")

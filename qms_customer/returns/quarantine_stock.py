"""What stands in quarantine, of which return slip, since when (G6; ISO 13485 8.3.1)."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import frappe
from frappe.core.doctype.user_permission.user_permission import get_permitted_documents
from frappe.query_builder.functions import Coalesce, Max, Min, Sum
from frappe.utils import getdate

from qms_customer.contract.facts import number
from qms_customer.returns.opened import DOCTYPE
from qms_customer.returns.quarantine import FLAG
from qms_customer.rules.disposal import BLOCKED, FINAL, RECEIVED, REWORK
from qms_customer.rules.goods import TOLERANCE

Place = tuple[str, str, str]


@dataclass
class Standing:
	"""Goods of one company, item and batch in quarantine, in the stock unit, and their value in the currency
	of the company.

	`slips`: how much of it each return slip accounts for, those that the reader may not see under "".
	`since`: when the first of that came.
	"""

	company: str
	item: str
	batch: str
	quantity: Decimal = Decimal()
	value: Decimal = Decimal()
	warehouses: list[str] = field(default_factory=list)
	slips: dict[str, Decimal] = field(default_factory=dict)
	customers: list[str] = field(default_factory=list)
	rework: Decimal = Decimal()
	since: date | None = None
	non_conformances: list[str] = field(default_factory=list)

	@property
	def without_slip(self) -> Decimal:
		"""Return what no slip accounts for: it stood there before, or is of a slip that was settled."""
		return max(self.quantity - sum(self.slips.values(), Decimal()), Decimal())


def read(company: str = "", item: str = "") -> list[Standing]:
	"""Return what stands in quarantine; at most ten queries whatever its amount, with the permissions of who
	asks (G6).
	"""
	places = _places(company)
	found = _stock(places, item)
	if not found:
		return []
	slips = _slips({key[0] for key in found})
	for (name, key), (quantity, rework, since) in _accounted(slips, found).items():
		one, slip = found[key], slips[name]
		shown = name if slip.visible else ""
		one.slips[shown] = one.slips.get(shown, Decimal()) + quantity
		one.rework += rework
		one.since = min(one.since or since, since) if since else one.since
		if slip.visible:
			if slip.customer_name not in one.customers:
				one.customers.append(slip.customer_name)
			one.non_conformances += [n for n in slip.open if n not in one.non_conformances]
	return [found[key] for key in sorted(found)]


def _places(company: str) -> dict[str, str]:
	"""The quarantine warehouses that the reader may see, with their companies."""
	filters: dict[str, object] = {FLAG: 1, "is_group": 0}
	if company:
		filters["company"] = company
	rows = frappe.get_all("Warehouse", filters=filters, fields=["name", "company"], order_by="name")
	companies, warehouses = get_permitted_documents("Company"), get_permitted_documents("Warehouse")
	return {
		r.name: r.company
		for r in rows
		if (not companies or r.company in companies) and (not warehouses or r.name in warehouses)
	}


def _stock(places: dict[str, str], item: str) -> dict[Place, Standing]:
	"""What the stock ledger has there: by Serial and Batch Bundles, and by rows that name the batch."""
	found: dict[Place, Standing] = {}
	if not places:
		return found
	ledger, entry = frappe.qb.DocType("Stock Ledger Entry"), frappe.qb.DocType("Serial and Batch Entry")
	held = _held(list(places), item)
	if not held:
		return found
	items = sorted({code for code, _warehouse in held})
	mine = ledger.item_code.isin(items) & ledger.warehouse.isin(list(places)) & (ledger.is_cancelled == 0)
	bundled = (
		frappe.qb.from_(ledger)
		.join(entry)
		.on(entry.parent == ledger.serial_and_batch_bundle)
		.select(ledger.item_code, entry.batch_no, ledger.warehouse, Sum(entry.qty))
		.where(mine)
		.groupby(ledger.item_code, entry.batch_no, ledger.warehouse)
	)
	plain = (
		frappe.qb.from_(ledger)
		.select(ledger.item_code, ledger.batch_no, ledger.warehouse, Sum(ledger.actual_qty))
		.where(mine & (ledger.serial_and_batch_bundle.isnull() | (ledger.serial_and_batch_bundle == "")))
		.groupby(ledger.item_code, ledger.batch_no, ledger.warehouse)
	)
	sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
	for code, batch, warehouse, quantity in (*bundled.run(), *plain.run()):
		sums[code, batch or "", warehouse] += number(quantity)
	for (code, batch, warehouse), quantity in sorted(sums.items()):
		if quantity <= TOLERANCE:
			continue
		key = (places[warehouse], code, batch)
		one = found.setdefault(key, Standing(*key))
		one.quantity += quantity
		one.value += quantity * held.get((code, warehouse), Decimal())
		one.warehouses.append(warehouse)
	return found


def _held(warehouses: list[str], item: str) -> dict[tuple[str, str], Decimal]:
	"""The items in these warehouses, with what one of each is worth there."""
	filters: dict[str, object] = {"warehouse": ("in", warehouses), "actual_qty": (">", 0)}
	if item:
		filters["item_code"] = item
	permitted = get_permitted_documents("Item")
	return {
		(r.item_code, r.warehouse): number(r.stock_value) / number(r.actual_qty)
		for r in frappe.get_all(
			"Bin", filters=filters, fields=["item_code", "warehouse", "stock_value", "actual_qty"]
		)
		if not permitted or r.item_code in permitted
	}


def _slips(companies: set[str]) -> dict[str, frappe._dict]:
	"""The slips that were approved or moved a bad batch, and which of them the reader may see."""
	filters = {"company": ("in", sorted(companies)), "put_forward_on": ("is", "set")}
	arrived = set(_names("Return Arrival", {"how": RECEIVED})) | set(
		_names("Return Batch Measure", {"moved_qty": (">", 0)})
	)
	filters["name"] = ("in", sorted(arrived) or [""])
	rows = frappe.get_all(DOCTYPE, filters=filters, fields=["name", "company", "customer_name"])
	visible = set(frappe.get_list(DOCTYPE, filters=filters, pluck="name", limit_page_length=0))
	found = {r.name: frappe._dict(r, visible=r.name in visible, open=[]) for r in rows}
	for name, slip in frappe.get_all(
		"Non Conformance",
		filters={"qms_return_slip": ("in", list(found) or [""]), "status": "Open"},
		fields=["name", "qms_return_slip"],
		order_by="creation",
		as_list=True,
	):
		found[slip].open.append(name)
	return found


def _names(table: str, filters: dict[str, object]) -> list[str]:
	return frappe.get_all(table, filters={"parenttype": DOCTYPE, **filters}, pluck="parent", distinct=True)


def _accounted(
	slips: dict[str, frappe._dict], found: dict[Place, Standing]
) -> dict[tuple[str, Place], tuple[Decimal, Decimal, date | None]]:
	"""By slip and place what of it is still there, what of that is in rework, and since when."""
	came: dict[tuple[str, Place], Decimal] = defaultdict(Decimal)
	reworked: dict[tuple[str, Place], Decimal] = defaultdict(Decimal)
	since: dict[tuple[str, Place], date] = {}
	names = list(slips) or [""]
	arrival, measure, disposition = (
		frappe.qb.DocType(f"Return {table}") for table in ("Arrival", "Batch Measure", "Disposition")
	)
	till = frappe.qb.DocType("POS Invoice")
	arrivals = (
		frappe.qb.from_(arrival)
		# What came at a till is in the stock ledger from its closing on.
		.left_join(till)
		.on((arrival.document_type == "POS Invoice") & (till.name == arrival.document))
		.select(arrival.parent, arrival.item_code, arrival.batch_no, Sum(arrival.qty), Min(arrival.on))
		.where(arrival.parent.isin(names) & (arrival.parenttype == DOCTYPE) & (arrival.how == RECEIVED))
		.where(arrival.taken_back_on.isnull())
		.where(till.name.isnull() | (Coalesce(till.consolidated_invoice, "") != ""))
		.groupby(arrival.parent, arrival.item_code, arrival.batch_no)
	)
	measures = (
		frappe.qb.from_(measure)
		.select(
			measure.parent, measure.item_code, measure.batch_no, Sum(measure.moved_qty), Max(measure.moved_on)
		)
		.where(measure.parent.isin(names) & (measure.parenttype == DOCTYPE) & (measure.moved_qty > 0))
		.groupby(measure.parent, measure.item_code, measure.batch_no)
	)
	for name, item, batch, quantity, on in (*arrivals.run(), *measures.run()):
		key = (name, (slips[name].company, item, batch or ""))
		came[key] += number(quantity)
		if on:
			since[key] = min(since.get(key, getdate(on)), getdate(on))
	for name, item, batch, what, source, quantity in (
		frappe.qb.from_(disposition)
		.select(
			disposition.parent,
			disposition.item_code,
			disposition.batch_no,
			disposition.disposition,
			disposition.source,
			disposition.qty,
		)
		.where(disposition.parent.isin(names) & (disposition.parenttype == DOCTYPE))
		.where(disposition.taken_back_on.isnull())
		.orderby(disposition.idx)
		.run()
	):
		key = (name, (slips[name].company, item, batch or ""))
		if what == REWORK:
			reworked[key] += number(quantity)
		elif what in FINAL or source == BLOCKED:
			came[key] -= number(quantity)
			# What was in rework is the first to leave.
			reworked[key] = max(reworked[key] - number(quantity), Decimal())
	return {
		key: (quantity, min(reworked[key], quantity), since.get(key))
		for key, quantity in came.items()
		if quantity > TOLERANCE and key[1] in found
	}

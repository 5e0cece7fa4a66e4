"""Whether an order is covered by the approved review of its quotation or blanket order (C1, C7).

What is covered needs no review of its own, so every doubt is shown as a difference: the worst that follows is
a review more. Both sides are canonical contents (`content.content`).
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from qms_customer.rules.content import NUMBER, TEXT, Change, label, normal, table_changes
from qms_customer.rules.fields import COMMITTED, TABLES

# What an order may add or alter without promising more: the customer's own reference, its own date of
# writing, and the day's exchange rate, which is the company's bookkeeping: the customer's currency and prices
# are compared.
FREE = frozenset(
	{"po_no", "po_date", "transaction_date", "qms_contract_form", "order_type", "conversion_rate"}
)
# Compared in a way of its own.
SPECIAL = frozenset(
	{
		"customer",
		"delivery_date",
		"quotation_to",
		"party_name",
		"valid_till",
		"qms_promised_date",
		"additional_discount_percentage",
		"discount_amount",
		"apply_discount_on",
	}
)
# What the base says for itself. An order that says it too (a recurring period, a lead time) says the same.
BASE_ONLY = frozenset(
	{
		"blanket_order_type",
		"supplier",
		"from_date",
		"to_date",
		"order_no",
		"order_date",
		"qms_is_tender",
		"qms_lead_time_days",
		"enq_det",
		"qms_payment_terms",
		"qms_agreed_terms",
	}
)
# A blanket order has no field for these, and an order cannot be without them. They add nothing to its
# promise: the address that the invoice goes to, and how the total is rounded.
ADDS_NOTHING = frozenset({"customer_address", "disable_rounded_total"})

ROW_SPECIAL = frozenset({"qty", "delivery_date"})
# Terms that a blanket order's row states and an order's row has no field for: they hold on.
ROW_BASE_ONLY = frozenset({"terms_and_conditions", "party_item_code"})
# Where a base's rows have no such field. The rate is what is left after discounts, and is compared; the tax
# template follows the law, as taxes do; the unit is held by the conversion factor, which has to be one.
ROW_ADDS_NOTHING = frozenset({"uom", "discount_percentage", "discount_amount", "item_tax_template"})

TAX_TERMS = ("charge_type", "row_id", "account_head", "description", "rate", "included_in_print_rate")
SCHEDULE_TERMS = (
	"payment_term",
	"description",
	"mode_of_payment",
	"invoice_portion",
	"due_date_based_on",
	"credit_days",
	"credit_months",
	"discount_type",
	"discount",
	"discount_validity_based_on",
	"discount_validity",
)
SCHEDULE_KINDS = dict.fromkeys(
	("invoice_portion", "credit_days", "credit_months", "discount", "discount_validity"), NUMBER
)
# Each date of a schedule row, and the field that says whether it counts from the end of a month.
SCHEDULE_DATES = (("due_date", "due_date_based_on"), ("discount_date", "discount_validity_based_on"))
LONGEST_MONTH = 31
COMPONENT_TERMS = (
	"item_code",
	"item_name",
	"description",
	"uom",
	"conversion_factor",
	"rate",
	"delivered_by_supplier",
)
TOLERANCE = Decimal("0.000001")

Row = Mapping[str, str]


def differences(
	order: Mapping[str, Any],
	base: Mapping[str, Any],
	base_customer: str,
	promised_date: str,
	ordered_elsewhere: Mapping[str, Decimal],
	company_currency: str = "",
	item_defaults: Mapping[str, Mapping[str, Any]] | None = None,
	today: str = "",
) -> list[Change]:
	"""Return in what `order` promises other or more than the approved `base`; empty: it is covered (C1, C7).

	`base_customer`: the customer of the base, a lead already mapped to its customer. `promised_date`: the
	earliest delivery that the base promises (ISO), "" if none. `ordered_elsewhere`: by item, in the
	smallest unit in which the base has it, what other committed orders took from the base already; quantities
	of all orders are counted together.

	Less quantity, fewer lines, later delivery and shorter credit are narrower, and covered. An amount that is
	not in proportion to the quantity (a discount or charge as a sum of money) belongs to the whole of the
	base: it is covered only in an order that takes everything, or each of several orders would get all of it.
	An order written, or committed (`today`, ISO), after the base has run out is not covered: its own date is
	what somebody typed.

	A base cannot promise what its DocType has no field for (`fields.COMMITTED`), so there the order is
	measured otherwise. In a row, by `item_defaults`: item -> what the item's master puts into a row
	(description, bom_no, delivered_by_supplier, supplier); without it each such value is a difference. In the
	head of an order from a blanket order:

	- the currency has to be `company_currency`, for a blanket order's rates have no other;
	- a percentage of tax on top of the net total adds nothing: the law asks for it, whoever agreed on what. A
	  sum of money, a negative rate, a charge on a row, or a tax inside the rate (the company gets less) is a
	  difference;
	- payment by the terms that its template stated when the blanket order was approved (`agreed_terms`), each
	  falling due when they say, or a single payment of 100 % when the order is written, adds nothing. Another
	  template, the same one with other terms, a term, instalments, credit or a discount is a difference;
	- a shipping address, Incoterm, discount, shipping rule, coupon, loyalty points are differences, as are
	  the components of a bundle: whoever reviewed the blanket order has not seen them.
	"""
	found = []
	of, bf = order["fields"], base["fields"]
	ot, bt = order["tables"], base["tables"]
	takes_all = _takes_all(ot.get("items", ()), bt.get("items", ()), ordered_elsewhere)
	if of.get("customer", "") != base_customer:
		found.append(Change("", "", "customer", base_customer, of.get("customer", "")))
	for name in sorted((set(of) | set(bf)) - FREE - SPECIAL - BASE_ONLY):
		old, new = bf.get(name, ""), of.get(name, "")
		if old == new:
			continue
		if not _has_field(base, "", name):
			if name in ADDS_NOTHING or (name == "currency" and new == company_currency):
				continue
			if name == "payment_terms_template" and new == bf.get("qms_payment_terms", ""):
				continue
		found.append(Change("", "", name, old, new))
	found += _base_only(of, bf)
	found += _validity(of, bf, today)
	found += _discount(of, bf, takes_all)
	found += _date_difference("", "", "delivery_date", of, promised_date)
	found += _date_difference("", "", "qms_promised_date", of, promised_date)
	found += _items(order, base, promised_date, ordered_elsewhere, item_defaults or {})
	found += _components(order, base)
	found += _taxes(order, base, takes_all)
	found += _schedule(order, base, takes_all)
	own = {"items", "packed_items", "payment_schedule", "taxes"}
	for table in sorted((set(ot) | set(bt)) - own):
		found += table_changes(table, bt.get(table, ()), ot.get(table, ()))
	return found


def contradictions(found: Iterable[Change]) -> list[Change]:
	"""Return the differences in which the earlier statement said something else, or promised other goods
	(C7).

	An order may be covered by less than it says (then it needs a review of its own) without contradicting
	anything: a delivery date, a requirement or a delivery method that the quotation did not speak of has
	nothing to resolve.
	"""
	return [c for c in found if c.old or (c.table == "items" and c.field != "delivery_date")]


def _has_field(base: Mapping[str, Any], table: str, name: str) -> bool:
	"""Whether the base's DocType could state this; True for one that `fields` does not know."""
	doctype = base.get("doctype", "")
	if table:
		doctype = TABLES.get(doctype, {}).get(table, "")
	return doctype not in COMMITTED or name in COMMITTED[doctype]


def _base_only(of: Row, bf: Row) -> list[Change]:
	found = []
	for name in sorted(BASE_ONLY & set(of)):
		old, new = bf.get(name, ""), of[name]
		if name == "qms_lead_time_days" and old and Decimal(new) >= Decimal(old):
			continue
		if new != old:
			found.append(Change("", "", name, old, new))
	return found


def _validity(of: Row, bf: Row, today: str) -> list[Change]:
	"""An order is written while the base is valid: not before it starts, nor after it has run out; nor is it
	committed later.
	"""
	written = of.get("transaction_date", "")
	last = min((d for d in (bf.get("valid_till"), bf.get("to_date")) if d), default="")
	first = bf.get("from_date", "")
	latest = max(written, today) if written else ""
	if last and not (latest and latest <= last):
		return [Change("", "", "transaction_date", last, latest)]
	if first and not (written and written >= first):
		return [Change("", "", "transaction_date", first, written)]
	return []


def _discount(of: Row, bf: Row, takes_all: bool) -> list[Change]:
	"""A percentage has to be the same, and its amount follows; an amount belongs to the whole of the base."""
	percentage, amount, on = "additional_discount_percentage", "discount_amount", "apply_discount_on"
	found = []
	if of.get(percentage, "") != bf.get(percentage, ""):
		found.append(Change("", "", percentage, bf.get(percentage, ""), of.get(percentage, "")))
	elif not of.get(percentage):
		if of.get(amount, "") != bf.get(amount, ""):
			found.append(Change("", "", amount, bf.get(amount, ""), of.get(amount, "")))
		elif of.get(amount) and not takes_all:
			found.append(Change("", "", amount, "", of[amount]))
	if any(side.get(name) for side in (of, bf) for name in (percentage, amount)):
		if of.get(on, "") != bf.get(on, ""):
			found.append(Change("", "", on, bf.get(on, ""), of.get(on, "")))
	return found


def _date_difference(table: str, row: str, name: str, values: Row, promised: str) -> list[Change]:
	"""Later than promised narrows; earlier, or a date where none was promised, widens."""
	due = values.get(name, "")
	if not due or (promised and due >= promised):
		return []
	return [Change(table, row, name, promised, due)]


def _quantity(row: Row) -> Decimal:
	return Decimal(row.get("qty") or "0")


def _taken(elsewhere: Mapping[str, Decimal], item: str) -> Decimal:
	return max(Decimal(str(elsewhere.get(item) or 0)), Decimal())


def _takes_all(order: Sequence[Row], base: Sequence[Row], elsewhere: Mapping[str, Decimal]) -> bool:
	"""Whether this order alone takes everything that the base offers, alternatives apart."""

	def totals(rows: Iterable[Row]) -> dict[str, Decimal]:
		found: dict[str, Decimal] = defaultdict(Decimal)
		for row in rows:
			found[row.get("item_code", "")] += _quantity(row)
		return found

	wanted, offered = totals(order), totals(r for r in base if not r.get("is_alternative"))
	return wanted == offered and not any(_taken(elsewhere, r.get("item_code", "")) for r in base)


def _items(
	order: Mapping[str, Any],
	base: Mapping[str, Any],
	promised: str,
	elsewhere: Mapping[str, Decimal],
	defaults: Mapping[str, Mapping[str, Any]],
) -> list[Change]:
	"""Each row has the terms of a row of the base; rows of the same terms stay within its quantity.

	Rows of the base with the same terms are one lot, however they are split, and so are the order's.
	`elsewhere` does not say from which lot of an item it was taken: it counts against each of them in full
	(one rate for 10, another for the next 90, or goods given free). An alternative row differs from a row of
	an order in being one: what it stood for may have been ordered as well.
	"""
	found: list[Change] = []
	base_rows: dict[str, list[Row]] = defaultdict(list)
	for row in base["tables"].get("items", ()):
		base_rows[row.get("item_code", "")].append(row)
	lots: dict[tuple[str, int], tuple[Decimal, Decimal]] = {}
	for row in order["tables"].get("items", ()):
		item = row.get("item_code", "")
		found += _date_difference("items", item, "delivery_date", row, promised)
		if _quantity(row) < 0:
			found.append(Change("items", item, "qty", "", row["qty"]))
			continue
		candidates = base_rows.get(item, [])
		if not candidates:
			found.append(Change("items", item, "", "", row.get("qty", "")))
			continue
		terms = [_row_terms(row, b, base, defaults.get(item) or {}) for b in candidates]
		lot = [number for number, different in enumerate(terms) if not different]
		if not lot:
			found += [Change("items", item, *change) for change in min(terms, key=len)]
			continue
		offered = sum((_quantity(candidates[number]) for number in lot), Decimal())
		wanted = lots.get((item, lot[0]), (offered, Decimal()))[1] + _quantity(row)
		lots[item, lot[0]] = (offered, wanted)
	for (item, _), (offered, wanted) in lots.items():
		taken = _taken(elsewhere, item)
		left = max(offered - taken, Decimal())
		if wanted > left:
			found.append(Change("items", item, "qty", normal(left, NUMBER) or "0", normal(wanted, NUMBER)))
	return found


def _row_terms(
	row: Row, base_row: Row, base: Mapping[str, Any], defaults: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
	"""In what the terms of an order's row differ from those of a row of the base: (field, old, new)."""
	found = []
	for name in sorted((set(row) | set(base_row)) - ROW_SPECIAL - ROW_BASE_ONLY):
		old, new = base_row.get(name, ""), row.get(name, "")
		if name not in base_row and not _has_field(base, "items", name):
			if name in ROW_ADDS_NOTHING:
				continue
			default = "1" if name == "conversion_factor" else defaults.get(name)
			old = normal(default, TEXT if isinstance(default, str) else NUMBER)
			if not new:
				continue
		if old != new:
			found.append((name, old, new))
	return found


def _components(order: Mapping[str, Any], base: Mapping[str, Any]) -> list[Change]:
	"""A bundle has the same components, in the same proportion to it."""

	def recipe(document: Mapping[str, Any]) -> tuple[dict[str, Decimal], dict[tuple, Decimal]]:
		bundles: dict[str, Decimal] = defaultdict(Decimal)
		parts: dict[tuple, Decimal] = defaultdict(Decimal)
		for row in document["tables"].get("items", ()):
			bundles[row.get("item_code", "")] += _quantity(row) * Decimal(row.get("conversion_factor") or "1")
		for row in document["tables"].get("packed_items", ()):
			terms = tuple(row.get(n, "") for n in COMPONENT_TERMS)
			parts[row.get("parent_item", ""), terms] += _quantity(row)
		return bundles, parts

	old_bundles, old = recipe(base)
	new_bundles, new = recipe(order)
	found = []
	for key in sorted(set(old) | set(new)):
		parent, terms = key
		ordered, offered = new_bundles.get(parent, Decimal()), old_bundles.get(parent, Decimal())
		if key not in new and not ordered:
			continue
		before, after = old.get(key, Decimal()), new.get(key, Decimal())
		room = TOLERANCE * (abs(ordered) + abs(offered))
		if key not in old or key not in new or abs(after * offered - before * ordered) > room:
			row = f"{parent} {terms[0]}"
			found.append(Change("packed_items", row, "qty", normal(before, NUMBER), normal(after, NUMBER)))
	return found


def _reduced(row: Row, names: Iterable[str]) -> dict[str, str]:
	return {name: row[name] for name in names if row.get(name)}


def _taxes(order: Mapping[str, Any], base: Mapping[str, Any], takes_all: bool) -> list[Change]:
	def terms(rows: Iterable[Row]) -> list[dict[str, str]]:
		return [_reduced(r, (*TAX_TERMS, "tax_amount") if fixed(r) else TAX_TERMS) for r in rows]

	def fixed(row: Row) -> bool:
		return row.get("charge_type") == "Actual"

	def by_law(row: Row) -> bool:
		on_top = row.get("charge_type") == "On Net Total" and not row.get("included_in_print_rate")
		return on_top and Decimal(row.get("rate") or "0") >= 0

	rows = order["tables"].get("taxes", ())
	if not _has_field(base, "", "taxes"):
		rows = [r for r in rows if not by_law(r)]
	old, new = terms(base["tables"].get("taxes", ())), terms(rows)
	found = table_changes("taxes", old, new)
	if not found and not takes_all:
		found = [
			Change("taxes", label("taxes", row), "tax_amount", "", row["tax_amount"])
			for row in new
			if fixed(row) and row.get("tax_amount")
		]
	return found


def _schedule(order: Mapping[str, Any], base: Mapping[str, Any], takes_all: bool) -> list[Change]:
	"""The same instalments, each with no more days of credit, counted from when the document was written."""
	table = "payment_schedule"

	def terms(row: Row) -> dict[str, str]:
		# F1: what is paid before dispatch stays so.
		names = (*SCHEDULE_TERMS, "qms_before_dispatch")
		return _reduced(row, names if row.get("invoice_portion") else (*names, "payment_amount"))

	def at_once(rows: Sequence[Row]) -> bool:
		written = order["fields"].get("transaction_date", "")
		plain = [terms(r) for r in rows] == [{"invoice_portion": "100"}]
		return plain and rows[0].get("due_date", "") <= written

	old, new = base["tables"].get(table, ()), order["tables"].get(table, ())
	if not old and at_once(new):
		return []
	if not old and new and base["fields"].get("qms_agreed_terms", "") == agreed_terms(new):
		return _later_than_agreed(new, order["fields"].get("transaction_date", ""))
	found = table_changes(table, [terms(r) for r in old], [terms(r) for r in new])
	if found:
		return found
	for name, counted_from in SCHEDULE_DATES:

		def by_credit(document: Mapping[str, Any], rows: Sequence[Row], name: str = name) -> list[tuple]:
			written = document["fields"].get("transaction_date", "")
			return sorted(
				((sorted(terms(r).items()), _days(written, r.get(name, "")), r) for r in rows),
				key=lambda x: x[:2],
			)

		undated = not order["fields"].get("transaction_date")
		for (_, allowed, before), (_, days, after) in zip(
			by_credit(base, old), by_credit(order, new), strict=True
		):
			slack = LONGEST_MONTH if "end of" in after.get(counted_from, "") else 0
			if after.get(name) and (undated or not before.get(name) or days > allowed + slack):
				found.append(Change(table, label(table, before), name, before.get(name, ""), after[name]))
	if not takes_all:
		for row in new:
			if not row.get("invoice_portion") and row.get("payment_amount"):
				found.append(Change(table, label(table, row), "payment_amount", "", row["payment_amount"]))
	return found


def agreed_terms(rows: Iterable[Mapping[str, Any]]) -> str:
	"""Return the terms of payment as text, a line an instalment, whatever their order (A9, C1).

	`rows`: of a Payment Terms Template, or of a schedule made from one. No value can pass for two fields.
	"""

	def line(row: Mapping[str, Any]) -> str:
		values = ((name, normal(row.get(name), SCHEDULE_KINDS.get(name, TEXT))) for name in SCHEDULE_TERMS)
		return " | ".join(f"{n}: {' '.join(v.replace('|', '/').split())}" for n, v in values if v)

	return "\n".join(sorted(line(row) for row in rows))


def _later_than_agreed(rows: Iterable[Row], written: str) -> list[Change]:
	"""Dates of a schedule that lie after those that its own terms give."""
	found = []
	for row in rows:
		for name, counted_from, days, months in (
			("due_date", "due_date_based_on", "credit_days", "credit_months"),
			("discount_date", "discount_validity_based_on", "discount_validity", "discount_validity"),
		):
			implied = implied_date(written, row.get(counted_from, ""), row.get(days, ""), row.get(months, ""))
			if row.get(name, "") > implied:
				place = label("payment_schedule", row)
				found.append(Change("payment_schedule", place, name, implied, row[name]))
	return found


def implied_date(written: str, counted_from: str, days: str, months: str) -> str:
	"""Return the date (ISO) that a term of ERPNext gives, that of writing if it gives none; "" if undated
	(C1, F1).
	"""
	if not written:
		return ""
	day = date.fromisoformat(written)
	if counted_from.startswith("Month"):
		month = day.month - 1 + int(months or 0)
		day = day.replace(year=day.year + month // 12, month=month % 12 + 1, day=1)
	if "end of" in counted_from:
		day = day.replace(day=monthrange(day.year, day.month)[1])
	if counted_from.startswith("Day"):
		day += timedelta(days=int(days or 0))
	return max(day.isoformat(), written)


def _days(written: str, due: str) -> int:
	"""Days from one ISO date to another; none if one of them is missing."""
	return (date.fromisoformat(due) - date.fromisoformat(written)).days if written and due else 0

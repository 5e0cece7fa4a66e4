"""An order inherits the review of its base only if it promises nothing other or more."""

from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qms_customer.rules.content import Change, content
from qms_customer.rules.fields import COMMITTED, TABLES
from qms_customer.rules.inheritance import FREE, agreed_terms, contradictions, differences
from tests.rules.test_content import DATE, NUMBER, schema

PROMISED = "2026-07-01"
WRITTEN = "2026-05-20"

HEAD = {
	"company": "Maker",
	"transaction_date": WRITTEN,
	"currency": "USD",
	"conversion_rate": 7.1,
	"customer_address": "Bill",
	"shipping_address_name": "Ship",
	"payment_terms_template": "30/70",
	"incoterm": "FOB",
	"terms": "Warranty of 2 years",
	"apply_discount_on": "Grand Total",
	"qms_delivery_method": "Sea",
	"qms_payment_method": "Wire",
	"qms_packaging": "Standard",
}
ROWS = [
	{"item_code": "A", "description": "Pump", "qty": 10, "uom": "Nos", "conversion_factor": 1, "rate": 100},
	{"item_code": "B", "description": "Set", "qty": 4, "uom": "Box", "conversion_factor": 5, "rate": 900},
]
TABLE_ROWS = {
	"packed_items": [
		{"parent_item": "B", "item_code": "P", "qty": 40, "uom": "Nos", "conversion_factor": 1},
		{"parent_item": "B", "item_code": "Q", "qty": 20, "uom": "Nos", "conversion_factor": 1},
	],
	"taxes": [{"charge_type": "On Net Total", "account_head": "VAT", "rate": 13, "tax_amount": 598}],
	"payment_schedule": [
		{"payment_term": "Advance", "invoice_portion": 30, "due_date": WRITTEN, "payment_amount": 1559},
		{"payment_term": "Rest", "invoice_portion": 70, "due_date": "2026-06-19", "payment_amount": 3639},
	],
	"qms_requirements": [{"requirement_class": "User Training", "none_identified": 1}],
	"qms_documents": [{"title": "Drawing", "document_version": "B", "sha256": "00"}],
}


def quotation(items=ROWS, **changes):
	return {
		"quotation_to": "Customer",
		"party_name": "Hospital",
		"valid_till": "2026-06-30",
		**deepcopy(HEAD),
		"items": deepcopy(items),
		**deepcopy(TABLE_ROWS),
		**changes,
	}


def order(items=ROWS, **changes):
	return {
		"customer": "Hospital",
		"delivery_date": PROMISED,
		"po_no": "PO-7",
		**deepcopy(HEAD),
		"items": [{"delivery_date": PROMISED, **r} for r in deepcopy(items)],
		**deepcopy(TABLE_ROWS),
		**changes,
	}


def compare(order_, base=None, elsewhere=None, promised=PROMISED, doctype="Quotation", **more):
	return differences(
		content(schema("Sales Order"), order_),
		content(schema(doctype), base or quotation()),
		"Hospital",
		promised,
		elsewhere or {},
		**more,
	)


def where(*args, **more):
	return sorted({(x.table, x.field) for x in compare(*args, **more)})


def only(item="A", **changes):
	"""A base or an order with one row and nothing else but what must be there."""
	return [{**next(r for r in ROWS if r["item_code"] == item), **changes}]


def bare(build, items, **changes):
	return build(items, packed_items=[], taxes=[], payment_schedule=[], **changes)


# Equal or narrower


@pytest.mark.rule("C1")
def test_an_equal_order_is_covered():
	assert compare(order()) == []


@pytest.mark.rule("C1")
@given(
	st.lists(st.integers(0, 10), min_size=2, max_size=2).filter(any),
	st.integers(0, 300),
	st.integers(0, 30),
	st.randoms(),
)
def test_a_narrower_order_is_covered(taken, later, sooner_paid, random):
	quantities = {"A": min(taken[0], 10), "B": min(taken[1], 4)}
	assume(any(quantities.values()))
	items = [{**r, "qty": quantities[r["item_code"]]} for r in ROWS if quantities[r["item_code"]]]
	random.shuffle(items)
	narrow = order(items)
	due = (date.fromisoformat(PROMISED) + timedelta(days=later)).isoformat()
	narrow["delivery_date"] = due
	for r in narrow["items"]:
		r["delivery_date"] = due
	narrow["packed_items"] = [
		{**r, "qty": r["qty"] * quantities["B"] / 4} for r in narrow["packed_items"] if quantities["B"]
	]
	narrow["taxes"][0]["tax_amount"] = 1
	paid = date(2026, 6, 19) - timedelta(days=sooner_paid)
	narrow["payment_schedule"][1].update(due_date=paid, payment_amount=1)
	assert compare(narrow) == []


@pytest.mark.rule("C1")
@given(
	st.lists(st.integers(1, 4), min_size=1, max_size=6), st.lists(st.integers(1, 4), min_size=1, max_size=6)
)
def test_rows_of_an_item_count_together_however_they_are_split(base_split, order_split):
	base = bare(quotation, [r for q in base_split for r in only(qty=q)])
	new = bare(order, [r for q in order_split for r in only(qty=q)])
	wanted = [("items", "qty")] if sum(order_split) > sum(base_split) else []
	assert where(new, base) == wanted


@pytest.mark.rule("C1")
@pytest.mark.parametrize("name", sorted(FREE - {"transaction_date"}))
def test_what_an_order_may_add_freely(name):
	assert compare(order(**{name: 6 if name == "conversion_rate" else "2026-05-01"})) == []


@pytest.mark.rule("C1")
def test_fields_of_the_site_are_compared_and_equal_ones_inherit():
	base, new = content(schema("Quotation"), quotation()), content(schema("Sales Order"), order())
	for document in (base, new):
		document["fields"]["custom_ward"] = "3"
		for row in document["tables"]["items"]:
			row["custom_colour"] = "blue"
	assert differences(new, base, "Hospital", PROMISED, {}) == []
	new["fields"]["custom_ward"] = "4"
	new["tables"]["items"][0]["custom_colour"] = "red"
	found = differences(new, base, "Hospital", PROMISED, {})
	assert [x.field for x in found] == ["custom_ward", "custom_colour"]


# Wider

OTHER = {NUMBER: 77, DATE: "2026-05-19"}
HEADS = sorted(
	(set(schema("Sales Order").fields) & set(schema("Quotation").fields))
	- FREE
	- {"apply_discount_on", "qms_lead_time_days", "qms_promised_date"}
)


@pytest.mark.rule("C1", "C7")
@pytest.mark.parametrize("name", HEADS)
def test_every_other_field_of_the_head_is_compared(name):
	other = OTHER.get(schema("Sales Order").fields[name], "other")
	assert ("", name) in where(order(**{name: other}))


@pytest.mark.rule("C1", "C7")
@pytest.mark.parametrize("name", sorted(n for n in HEAD if n not in FREE | {"apply_discount_on"}))
def test_what_the_base_says_cannot_be_dropped(name):
	assert where(order(**{name: None})) == [("", name)]


@pytest.mark.rule("C1", "C7")
@pytest.mark.parametrize("name", sorted(set(COMMITTED["Sales Order Item"]) - {"qty"}))
def test_every_field_of_a_row_is_compared(name):
	other = OTHER.get(schema("Sales Order").tables["items"][name], "other")
	changed = order()
	changed["items"][0][name] = other
	assert ("items", "" if name == "item_code" else name) in where(changed)


@pytest.mark.rule("C1")
def test_another_customer():
	assert where(order(customer="Clinic")) == [("", "customer")]
	assert where(order(customer=None)) == [("", "customer")]


@pytest.mark.rule("C1")
def test_another_unit_factor_is_another_quantity():
	changed = order()
	changed["items"][1]["conversion_factor"] = 50
	assert ("items", "conversion_factor") in where(changed)


@pytest.mark.rule("C1")
@pytest.mark.parametrize("table", sorted(set(TABLES["Sales Order"])))
def test_a_row_more_or_less_in_any_table(table):
	extra = {
		"item_code": "X",
		"parent_item": "B",
		"qty": 1,
		"account_head": "Freight",
		"charge_type": "Actual",
	}
	extra |= {"payment_term": "Later", "title": "Annex", "requirement": "sterile"}
	more = order()
	more[table].append(extra)
	assert table in {t for t, _ in where(more)}
	if table != "items":
		less = order()
		less[table].pop()
		assert table in {t for t, _ in where(less)}


@pytest.mark.rule("C1")
@pytest.mark.parametrize("name", ["delivery_date", "qms_promised_date"])
def test_an_earlier_date_or_one_where_none_was_promised(name):
	assert where(order(**{name: "2026-06-30"})) == [("", name)]
	assert ("", name) in where(order(**{name: "2027-01-01"}), promised="")
	assert where(order(**{name: "2026-07-02"})) == []


@pytest.mark.rule("C1")
def test_an_earlier_date_of_one_row():
	early = order()
	early["items"][0]["delivery_date"] = "2026-06-30"
	assert where(early) == [("items", "delivery_date")]


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	("lead_time", "wanted"), [(None, []), (40, []), (30, []), (29, [("", "qms_lead_time_days")])], ids=str
)
def test_a_shorter_lead_time(lead_time, wanted):
	new, base = order(qms_lead_time_days=lead_time), quotation(qms_lead_time_days=30)
	assert where(new, base) == wanted
	if lead_time:
		assert where(new) == [("", "qms_lead_time_days")]


@pytest.mark.rule("C1")
def test_a_base_that_has_run_out_covers_nothing():
	assert (
		where(order(transaction_date="2026-06-30", payment_schedule=[]), quotation(payment_schedule=[])) == []
	)
	assert ("", "transaction_date") in where(order(transaction_date="2026-07-01"))
	assert ("", "transaction_date") in where(order(transaction_date=None))


@pytest.mark.rule("C1", "K3")
@pytest.mark.parametrize(("today", "covered"), [(WRITTEN, True), ("2026-06-30", True), ("2026-07-01", False)])
def test_a_date_written_on_the_order_does_not_revive_its_base(today, covered):
	found = compare(order(), today=today)
	assert found == ([] if covered else [Change("", "", "transaction_date", "2026-06-30", today)])


@pytest.mark.rule("C1")
def test_a_recurring_order_is_more_than_its_quotation():
	assert where(order(from_date=WRITTEN, to_date="2027-05-20")) == [("", "from_date"), ("", "to_date")]


@pytest.mark.rule("C1")
def test_a_negative_row_does_not_make_room():
	base = bare(quotation, only())
	new = bare(order, only(qty=15) + only(qty=-5))
	found = compare(new, base)
	assert {(x.field, x.new) for x in found} == {("qty", "15"), ("qty", "-5")}


@pytest.mark.rule("C1")
def test_an_alternative_is_a_difference():
	alternative = [{**r, "is_alternative": 1} for r in only("B", conversion_factor=1)]
	base = bare(quotation, only() + alternative)
	assert where(bare(order, only()), base) == []
	assert where(bare(order, only() + only("B", conversion_factor=1)), base) == [("items", "is_alternative")]


@pytest.mark.rule("C1")
def test_a_quotation_of_unit_prices_promises_no_quantity():
	assert where(bare(order, only(qty=1)), bare(quotation, only(qty=0))) == [("items", "qty")]


# Rates and several orders

TIERS = only(qty=10, rate=100) + only(qty=90, rate=80)


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	("first", "second", "covered"),
	[
		(10, 90, True),
		(0, 90, True),
		(10, 0, True),
		(5, 40, True),
		(11, 89, False),
		(9, 91, False),
		(0, 91, False),
	],
)
def test_each_rate_has_its_own_quantity(first, second, covered):
	rows = [r for r in only(qty=first, rate=100) + only(qty=second, rate=80) if r["qty"]]
	assert (compare(bare(order, rows), bare(quotation, TIERS)) == []) is covered


@pytest.mark.rule("C1")
def test_a_third_rate_is_shown_against_the_nearest_row():
	found = compare(bare(order, only(qty=1, rate=70)), bare(quotation, TIERS))
	assert [(x.field, x.new) for x in found] == [("rate", "70")]


@pytest.mark.rule("C1")
@given(
	st.lists(st.tuples(st.sampled_from([100, 80]), st.integers(1, 60)), min_size=1, max_size=4),
	st.lists(
		st.lists(st.tuples(st.sampled_from([100, 80]), st.integers(1, 60)), min_size=1, max_size=3),
		max_size=6,
	),
)
def test_several_orders_together_never_exceed_the_base(offered, orders):
	def rows(lots):
		return [r for rate, qty in lots for r in only(qty=qty, rate=rate)]

	base = bare(quotation, rows(offered))
	taken = {100: 0, 80: 0}
	for lots in orders:
		elsewhere = {"A": Decimal(sum(taken.values()))}
		if not compare(bare(order, rows(lots)), base, elsewhere):
			for rate, qty in lots:
				taken[rate] += qty
	for rate, qty in taken.items():
		assert qty <= sum(q for r, q in offered if r == rate)


@pytest.mark.rule("C1")
@given(st.integers(0, 12), st.integers(1, 12))
def test_what_others_took_is_counted_exactly_at_one_rate(elsewhere, qty):
	found = where(
		bare(order, only(qty=qty)), bare(quotation, only()), {"A": Decimal(elsewhere), "Z": Decimal(99)}
	)
	assert found == ([("items", "qty")] if elsewhere + qty > 10 else [])


@pytest.mark.rule("C1")
def test_what_is_left_is_shown():
	(found,) = compare(bare(order, only(qty=9)), bare(quotation, only()), {"A": Decimal("2.5")})
	assert (found.field, found.old, found.new) == ("qty", "7.5", "9")
	(found,) = compare(bare(order, only(qty=1)), bare(quotation, only()), {"A": Decimal(25)})
	assert (found.old, found.new) == ("0", "1")


@pytest.mark.rule("C1")
def test_float_noise_of_what_others_took_and_negative_amounts():
	base = bare(quotation, only(qty=0.3))
	assert where(bare(order, only(qty=0.1)), base, {"A": 0.2}) == []
	assert where(bare(order, only(qty=0.4)), base, {"A": Decimal(-5)}) == [("items", "qty")]


# Bundles


@pytest.mark.rule("C1")
@pytest.mark.parametrize("name", ["item_code", "item_name", "description", "uom", "conversion_factor", "qty"])
def test_a_bundle_keeps_its_components(name):
	changed = order()
	changed["packed_items"][0][name] = {"qty": 41, "conversion_factor": 2}.get(name, "other")
	assert {t for t, _ in where(changed)} == {"packed_items"}


@pytest.mark.rule("C1")
def test_fewer_bundles_with_as_many_components_are_other_bundles():
	fewer = order(only() + only("B", qty=2))
	assert where(fewer) == [("packed_items", "qty")]
	for r in fewer["packed_items"]:
		r["qty"] /= 2
	assert where(fewer) == []


@pytest.mark.rule("C1")
def test_components_of_a_bundle_that_is_not_ordered():
	assert where(order(only())) == [("packed_items", "qty")]
	assert where(order(only(), packed_items=[])) == []


# Discounts and taxes


@pytest.mark.rule("C1")
def test_a_percentage_of_discount_follows_the_quantity():
	base = quotation(additional_discount_percentage=5, discount_amount=230)
	part = only(qty=5)
	assert (
		compare(order(part, packed_items=[], additional_discount_percentage=5, discount_amount=25), base)
		== []
	)
	more = order(additional_discount_percentage=6, discount_amount=276)
	assert where(more, base) == [("", "additional_discount_percentage")]
	assert where(order(), base) == [("", "additional_discount_percentage")]


@pytest.mark.rule("C1")
def test_a_sum_of_discount_belongs_to_the_whole_base():
	base = quotation(discount_amount=230)
	assert compare(order(discount_amount=230), base) == []
	part = only(qty=5)
	assert where(order(part, packed_items=[], discount_amount=230), base) == [("", "discount_amount")]
	assert where(order(discount_amount=231), base) == [("", "discount_amount")]
	assert where(order(), base) == [("", "discount_amount")]
	assert ("", "discount_amount") in where(order(discount_amount=230), base, {"A": Decimal(1)})


@pytest.mark.rule("C1")
def test_what_a_discount_applies_to_matters_only_where_there_is_one():
	assert compare(order(apply_discount_on="Net Total")) == []
	both = {"additional_discount_percentage": 5}
	found = where(order(apply_discount_on="Net Total", **both), quotation(**both))
	assert found == [("", "apply_discount_on")]


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	("name", "value"),
	[
		("rate", 6),
		("included_in_print_rate", 1),
		("account_head", "GST"),
		("charge_type", "On Item Quantity"),
	],
)
def test_taxes_have_the_same_terms(name, value):
	changed = order()
	changed["taxes"][0][name] = value
	assert {t for t, _ in where(changed)} == {"taxes"}


@pytest.mark.rule("C1")
def test_a_charge_as_a_sum_is_compared_and_belongs_to_the_whole_base():
	freight = {"charge_type": "Actual", "account_head": "Freight", "tax_amount": 500}
	base = quotation(taxes=[freight])
	assert compare(order(taxes=[freight]), base) == []
	assert where(order(taxes=[{**freight, "tax_amount": -500}]), base) == [("taxes", "tax_amount")]
	part = only(qty=5)
	assert where(order(part, packed_items=[], taxes=[freight]), base) == [("taxes", "tax_amount")]


# Payment


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	("name", "value"),
	[
		("payment_term", "Later"),
		("invoice_portion", 60),
		("mode_of_payment", "Cheque"),
		("credit_days", 90),
		("credit_months", 3),
		("due_date_based_on", "Day(s) after the end of the invoice month"),
		("discount", 2),
		("discount_type", "Percentage"),
		("discount_validity", 10),
	],
)
def test_instalments_have_the_same_terms(name, value):
	changed = order()
	changed["payment_schedule"][1][name] = value
	assert {t for t, _ in where(changed)} == {"payment_schedule"}


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	("written", "due", "covered"),
	[
		(WRITTEN, "2026-06-19", True),
		(WRITTEN, "2026-06-18", True),
		(WRITTEN, "2026-06-20", False),
		("2026-05-30", "2026-06-29", True),
		("2026-05-30", "2026-06-30", False),
		("2026-05-30", "2026-06-19", True),
	],
)
def test_credit_is_counted_from_the_day_of_writing(written, due, covered):
	changed = order(transaction_date=written)
	changed["payment_schedule"][0]["due_date"] = written
	changed["payment_schedule"][1]["due_date"] = due
	assert where(changed) == ([] if covered else [("payment_schedule", "due_date")])


@pytest.mark.rule("C1")
def test_credit_from_the_end_of_a_month_may_be_a_month_longer():
	row = {
		"payment_term": "EOM",
		"invoice_portion": 100,
		"due_date_based_on": "Day(s) after the end of the invoice month",
	}
	base = quotation(payment_schedule=[{**row, "due_date": "2026-05-31"}])

	def new(due):
		return order(payment_schedule=[{**row, "due_date": due}], transaction_date="2026-06-01")

	assert compare(new("2026-06-30"), base) == []
	assert where(new("2026-08-31"), base) == [("payment_schedule", "due_date")]


@pytest.mark.rule("C1")
def test_credit_where_the_base_has_no_due_date():
	base = quotation()
	base["payment_schedule"][1]["due_date"] = None
	assert where(order(), base) == [("payment_schedule", "due_date")]


@pytest.mark.rule("C1")
def test_instalments_as_sums_belong_to_the_whole_base():
	sums = [{"payment_term": "Advance", "due_date": WRITTEN, "payment_amount": 900}]
	base = quotation(payment_schedule=sums)
	assert compare(order(payment_schedule=sums), base) == []
	other = [{**sums[0], "payment_amount": 100}]
	assert where(order(payment_schedule=other), base) == [("payment_schedule", "payment_amount")]
	part = order(only(qty=5), packed_items=[], payment_schedule=sums)
	assert where(part, base) == [("payment_schedule", "payment_amount")]


# Blanket orders

DEFAULTS = {"A": {"description": "Pump", "bom_no": "BOM-A-1", "delivered_by_supplier": 0}}


def blanket(**changes):
	return {
		"blanket_order_type": "Selling",
		"customer": "Hospital",
		"company": "Maker",
		"from_date": "2026-01-01",
		"to_date": "2026-12-31",
		"terms": "Warranty of 2 years",
		"qms_delivery_method": "Sea",
		"qms_packaging": "Standard",
		"items": [{"item_code": "A", "qty": 100, "rate": 90, "terms_and_conditions": "per drawing B"}],
		**changes,
	}


def call_off(row=None, **changes):
	"""The order that ERPNext makes of the blanket order, with all that it fills in by itself."""
	return {
		"customer": "Hospital",
		"company": "Maker",
		"transaction_date": WRITTEN,
		"delivery_date": PROMISED,
		"currency": "CNY",
		"conversion_rate": 1,
		"customer_address": "Bill",
		"apply_discount_on": "Grand Total",
		"disable_rounded_total": 1,
		"order_type": "Sales",
		"terms": "Warranty of 2 years",
		"qms_delivery_method": "Sea",
		"qms_packaging": "Standard",
		"items": [
			{
				"item_code": "A",
				"description": "Pump",
				"qty": 60,
				"uom": "Nos",
				"conversion_factor": 1,
				"rate": 90,
				"discount_percentage": 10,
				"discount_amount": 10,
				"item_tax_template": "13%",
				"bom_no": "BOM-A-1",
				"delivery_date": PROMISED,
				**(row or {}),
			}
		],
		"taxes": [{"charge_type": "On Net Total", "account_head": "VAT", "rate": 13, "tax_amount": 702}],
		"payment_schedule": [{"invoice_portion": 100, "due_date": WRITTEN, "payment_amount": 6102}],
		**changes,
	}


def from_blanket(order_, base=None, elsewhere=None, **more):
	more = {"company_currency": "CNY", "item_defaults": DEFAULTS, **more}
	return where(order_, base or blanket(), elsewhere, doctype="Blanket Order", **more)


@pytest.mark.rule("C1")
def test_blanket_order_covers_what_erpnext_makes_of_it():
	assert from_blanket(call_off()) == []
	assert from_blanket(call_off({"qty": 40}), elsewhere={"A": Decimal(60)}) == []
	assert from_blanket(call_off({"qty": 41}), elsewhere={"A": Decimal(60)}) == [("items", "qty")]


@pytest.mark.rule("C1")
@pytest.mark.parametrize("currency", ["", "USD"])
def test_blanket_order_is_in_the_companys_currency(currency):
	assert from_blanket(call_off(), company_currency=currency) == [("", "currency")]
	assert from_blanket(call_off(currency="USD", conversion_rate=7)) == [("", "currency")]


@pytest.mark.rule("C1")
def test_blanket_order_without_item_defaults_covers_no_text_of_a_row():
	assert from_blanket(call_off(), item_defaults=None) == [("items", "bom_no"), ("items", "description")]


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	("name", "value"),
	[
		("description", "Pump, sterile"),
		("bom_no", "BOM-A-2"),
		("delivered_by_supplier", 1),
		("supplier", "Other"),
		("additional_notes", "blue"),
		("is_free_item", 1),
		("conversion_factor", 100),
		("rate", 89),
		("custom", "x"),
	],
)
def test_blanket_order_covers_no_other_terms_of_a_row(name, value):
	if name == "custom":
		new = content(schema("Sales Order"), call_off())
		new["tables"]["items"][0]["custom"] = value
		base = content(schema("Blanket Order"), blanket())
		found = differences(new, base, "Hospital", PROMISED, {}, "CNY", DEFAULTS)
		assert [x.field for x in found] == ["custom"]
	else:
		assert from_blanket(call_off({name: value})) == [("items", name)]


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	("name", "value"),
	[
		("shipping_address_name", "Ship"),
		("shipping_address", "Harbour Road 1"),
		("payment_terms_template", "Net 90"),
		("shipping_rule", "Air"),
		("incoterm", "DDP"),
		("named_place", "Oslo"),
		("coupon_code", "SPRING"),
		("loyalty_points", "50"),
		("additional_discount_percentage", 3),
		("discount_amount", 30),
		("terms", "Warranty of 5 years"),
		("qms_packaging", "Special"),
		("company", "Other"),
	],
)
def test_blanket_order_covers_no_terms_that_it_cannot_state(name, value):
	assert ("", name) in from_blanket(call_off(**{name: value}))


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	"change",
	[
		{"rate": -13},
		{"included_in_print_rate": 1},
		{"charge_type": "Actual", "rate": 0},
		{"charge_type": "On Previous Row Total", "row_id": 1},
	],
	ids=str,
)
def test_blanket_order_covers_tax_on_top_and_no_other(change):
	tax = call_off()["taxes"][0]
	assert from_blanket(call_off(taxes=[tax, {**tax, "account_head": "Local", "rate": 1}])) == []
	assert {t for t, _ in from_blanket(call_off(taxes=[tax, {**tax, **change}]))} == {"taxes"}


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	"change",
	[
		{"due_date": "2026-05-21"},
		{"payment_term": "Net 30"},
		{"description": "when used"},
		{"mode_of_payment": "Cheque"},
		{"invoice_portion": 50},
		{"credit_days": 30},
		{"discount": 2},
	],
	ids=str,
)
def test_blanket_order_covers_payment_at_once_and_no_other(change):
	row = call_off()["payment_schedule"][0]
	assert from_blanket(call_off(payment_schedule=[])) == []
	assert {t for t, _ in from_blanket(call_off(payment_schedule=[{**row, **change}]))} == {
		"payment_schedule"
	}
	halves = [{**row, "invoice_portion": 50}, {**row, "invoice_portion": 50}]
	assert {t for t, _ in from_blanket(call_off(payment_schedule=halves))} == {"payment_schedule"}


END = "Day(s) after the end of the invoice month"
MONTHS = "Month(s) after the end of the invoice month"
NET_30 = {
	"payment_term": "Net 30",
	"invoice_portion": 100.0,
	"due_date_based_on": "Day(s) after invoice date",
	"credit_days": 30,
	"credit_months": 0,
}


def on_terms(template=(NET_30,), **row):
	"""What a call-off differs in, whose schedule ERPNext made of the terms that were agreed, then changed."""
	base = blanket(qms_payment_terms="Net 30", qms_agreed_terms=agreed_terms(template))
	schedule = [{**t, "due_date": "2026-06-19", "payment_amount": 6102, **row} for t in template]
	return from_blanket(call_off(payment_terms_template="Net 30", payment_schedule=schedule), base)


@pytest.mark.rule("C1", "A9")
@pytest.mark.parametrize(
	"change",
	[
		{"credit_days": 720},
		{"payment_term": "Other"},
		{"invoice_portion": 50},
		{"discount_type": "Percentage", "discount": 5},
		{"mode_of_payment": "Cheque"},
		{"due_date": "2026-06-20"},
		{"discount_date": "2026-06-20"},
	],
	ids=str,
)
def test_blanket_order_covers_the_terms_that_were_agreed_and_no_other(change):
	assert on_terms() == []
	assert on_terms(due_date="2026-06-01") == []
	assert {t for t, _ in on_terms(**change)} == {"payment_schedule"}


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	("terms", "last"),
	[
		({}, "2026-06-19"),
		({"due_date_based_on": END, "credit_days": 10}, "2026-06-10"),
		({"due_date_based_on": MONTHS, "credit_days": 0, "credit_months": 9}, "2027-02-28"),
		({"due_date_based_on": MONTHS, "credit_days": 0}, "2026-05-31"),
		({"credit_days": 0}, WRITTEN),
	],
	ids=str,
)
def test_instalments_of_a_blanket_order_fall_due_when_its_terms_say(terms, last):
	template = [{**NET_30, **terms}]
	after = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
	assert on_terms(template, due_date=last) == []
	assert on_terms(template, due_date=after) == [("payment_schedule", "due_date")]


@pytest.mark.rule("C1")
def test_agreed_terms_are_those_of_all_instalments_in_whatever_order():
	first, second = {**NET_30, "invoice_portion": 30}, {**NET_30, "invoice_portion": 70}
	assert agreed_terms([first, second]) == agreed_terms([second, first])
	assert agreed_terms([first, second]) != agreed_terms([first, first])
	# No text of one field reads as another field.
	assert agreed_terms([{"description": "a | credit_days: 9"}]) != agreed_terms(
		[{"description": "a", "credit_days": 9}]
	)


@pytest.mark.rule("C1")
def test_blanket_order_has_not_seen_the_components_of_a_bundle():
	parts = [{"parent_item": "A", "item_code": "P", "qty": 60}]
	assert from_blanket(call_off(packed_items=parts)) == [("packed_items", "qty")]


@pytest.mark.rule("C1")
@pytest.mark.parametrize(
	("written", "covered"), [("2026-01-01", True), ("2025-12-31", False), ("2027-01-01", False)]
)
def test_blanket_order_covers_its_period(written, covered):
	found = from_blanket(call_off(transaction_date=written, payment_schedule=[]))
	assert found == ([] if covered else [("", "transaction_date")])


@pytest.mark.rule("C1")
@given(st.lists(st.integers(1, 70), max_size=6))
def test_call_offs_together_never_exceed_the_blanket_order(quantities):
	taken = 0
	for quantity in quantities:
		if not from_blanket(call_off({"qty": quantity}), elsewhere={"A": Decimal(taken)}):
			taken += quantity
	assert taken <= 100


@pytest.mark.rule("C1")
def test_an_order_takes_everything_without_the_alternatives():
	base = bare(quotation, only() + only("B", is_alternative=1), discount_amount=10)
	assert where(bare(order, only(), discount_amount=10), base) == []


@pytest.mark.rule("C7")
def test_only_what_was_said_otherwise_contradicts() -> None:
	said = Change("", "", "payment_terms_template", "30 days", "60 days")
	other_goods = Change("items", "DEV-2", "", "", "5")
	price = Change("items", "DEV-1", "rate", "10", "9")
	unsaid = [
		Change("", "", "qms_delivery_method", "", "Air"),
		Change("items", "DEV-1", "delivery_date", "", "2027-01-01"),
		Change("qms_requirements", "Sterile", "", "", "{}"),
	]
	assert contradictions([said, other_goods, price, *unsaid]) == [said, other_goods, price]

"""The table of fields: complete, without contradiction, and each committed field with its topics."""

import pytest

from qms_customer.rules import aspects, fields
from qms_customer.rules.fields import COMMITTED, NOT_COMMITTED, TABLES


@pytest.mark.rule("E8", "C6")
@pytest.mark.parametrize("doctype", sorted(COMMITTED))
def test_no_field_is_in_and_out(doctype):
	assert not set(COMMITTED[doctype]) & set(NOT_COMMITTED[doctype])


@pytest.mark.rule("E8")
def test_every_doctype_stands_in_both_tables_and_every_table_has_its_rows():
	assert set(COMMITTED) == set(NOT_COMMITTED)
	for doctype, tables in TABLES.items():
		assert set(tables) <= set(COMMITTED[doctype])
		assert set(tables.values()) <= set(COMMITTED)
	assert set(COMMITTED) == set(TABLES) | {r for t in TABLES.values() for r in t.values()}


@pytest.mark.rule("C6")
@pytest.mark.parametrize("doctype", sorted(COMMITTED))
def test_c6_every_committed_field_touches_known_topics(doctype):
	for name, touched in COMMITTED[doctype].items():
		assert touched, name
		assert touched <= set(aspects.TOPICS), name


@pytest.mark.rule("E8")
@pytest.mark.parametrize("doctype", sorted(NOT_COMMITTED))
def test_every_field_left_out_says_why(doctype):
	assert all(reason.strip() for reason in NOT_COMMITTED[doctype].values())


@pytest.mark.rule("C6", "E8")
@pytest.mark.parametrize(
	("doctype", "names"),
	[
		(
			"Sales Order",
			"company customer currency shipping_rule incoterm shipping_address_name delivery_date terms",
		),
		("Sales Order", "payment_terms_template additional_discount_percentage discount_amount"),
		("Sales Order Item", "item_code description qty uom conversion_factor rate is_free_item supplier"),
		("Packed Item", "parent_item item_code qty"),
		("Payment Schedule", "payment_term due_date invoice_portion"),
		("Contract Document", "sha256 document_version"),
		("Sales Taxes and Charges", "charge_type account_head rate tax_amount"),
	],
)
def test_what_the_design_commits_is_in(doctype, names):
	assert set(names.split()) <= set(COMMITTED[doctype])


@pytest.mark.rule("E8")
@pytest.mark.parametrize(
	("doctype", "names"),
	[
		("Sales Order", "status per_delivered per_billed advance_paid set_warehouse sales_team letter_head"),
		("Sales Order Item", "delivered_qty billed_amt picked_qty ordered_qty projected_qty warehouse"),
		("Payment Schedule", "paid_amount outstanding"),
	],
)
def test_what_happens_later_is_out(doctype, names):
	assert set(names.split()) <= set(NOT_COMMITTED[doctype])


@pytest.mark.rule("E8", "A2", "A6", "A9")
@pytest.mark.parametrize("doctype", sorted(TABLES))
def test_own_requirement_fields_are_committed_on_every_contract(doctype):
	assert set(fields.OWN_COMMITTED) <= set(COMMITTED[doctype])
	assert set(fields.OWN_NOT_COMMITTED) <= set(NOT_COMMITTED[doctype])


@pytest.mark.rule("C6")
@pytest.mark.parametrize("doctype", sorted(TABLES))
def test_c6_topics_has_head_and_tables_with_a_topic_for_whole_rows(doctype):
	found = fields.topics(doctype)
	assert set(found) == {doctype} | {f"{doctype}.{t}" for t in TABLES[doctype]}
	assert found[f"{doctype}.items"]["*"] == frozenset(aspects.TOPICS)
	for table, row in TABLES[doctype].items():
		assert set(found[f"{doctype}.{table}"]) == set(COMMITTED[row]) | {"*"}


@pytest.mark.rule("C6", "C3", "C4")
def test_c6_default_routing_answers_every_topic():
	assert {a.topic for a in aspects.ASPECTS} == set(aspects.TOPICS)
	assert [d.name for d in aspects.DEPARTMENTS if d.leading] == [aspects.RND]

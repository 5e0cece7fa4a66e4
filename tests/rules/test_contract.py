"""What must be there before a review starts, and before it is approved."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qms_customer.rules import contract
from qms_customer.rules.contract import Confirmation, Document, Requirement

BLANK = st.sampled_from(["", " ", "\t\n"])
COMPLETE = Confirmation("Dr. Li", "2026-05-20 09:00:00", "E-mail", "/private/files/mail.eml")
DRAWING = Document("Drawing", "B", "/private/files/drawing.pdf", "0" * 64)
ALL_CLASSES = [Requirement(kind, "as agreed") for kind in contract.CLASSES]


def start(**changes):
	values = {
		"form": contract.ORDER,
		"delivery_method": "Sea",
		"payment_method": "Wire",
		"packaging": contract.STANDARD_PACKAGING,
		"packaging_details": "",
		"documents": [DRAWING],
		"requirements": ALL_CLASSES,
		"full_record": True,
	}
	return [m.rule for m in contract.missing_to_start(**{**values, **changes})]


@pytest.mark.rule("A1", "A2", "A6", "A7", "A9")
def test_a_complete_contract_lacks_nothing():
	assert start() == []


@pytest.mark.rule("A1")
def test_a1_exactly_five_forms():
	assert len(set(contract.FORMS)) == 5
	for form in contract.FORMS:
		assert start(form=form) == []


@pytest.mark.rule("A1")
@given(st.text().filter(lambda t: t not in contract.FORMS))
def test_a1_any_other_form_is_missing(form):
	assert start(form=form) == ["A1"]


@pytest.mark.rule("A2")
def test_a2_five_classes():
	assert len(set(contract.CLASSES)) == 5


@pytest.mark.rule("A2")
@given(st.sets(st.sampled_from(contract.CLASSES)), st.booleans())
def test_a2_each_class_is_answered_in_a_full_record(present, none):
	rows = [Requirement(k, "" if none else "text", none=none) for k in sorted(present)]
	assert start(requirements=rows) == ["A2"] * (5 - len(present))
	assert start(requirements=rows, full_record=False) == []


@pytest.mark.rule("A2")
@given(BLANK)
def test_a2_requirement_needs_class_and_text(blank):
	assert start(requirements=[*ALL_CLASSES, Requirement(contract.STATED, blank)]) == ["A2"]
	assert start(requirements=[*ALL_CLASSES, Requirement("", "text")]) == ["A2"]
	assert start(requirements=[Requirement("Something", "text")], full_record=False) == ["A2"]


@pytest.mark.rule("A3")
def test_a3_verbal_order_waits_for_the_customers_confirmation():
	assert [m.rule for m in contract.missing_to_approve(contract.VERBAL_ORDER, [])] == ["A3"]
	assert contract.missing_to_approve(contract.VERBAL_ORDER, [COMPLETE]) == []


@pytest.mark.rule("A3")
@given(st.sampled_from(["confirmed_by", "confirmed_on", "method", "evidence"]), BLANK)
def test_a3_confirmation_without_who_when_how_or_evidence_is_none(field, blank):
	partial = replace(COMPLETE, **{field: blank})
	assert not partial.complete()
	assert contract.missing_to_approve(contract.VERBAL_ORDER, [partial, Confirmation()])
	assert not contract.missing_to_approve(contract.VERBAL_ORDER, [partial, COMPLETE])


@pytest.mark.rule("A3")
def test_a3_two_halves_of_a_confirmation_are_not_a_whole():
	halves = [Confirmation("Dr. Li", "2026-05-20"), Confirmation(method="E-mail", evidence="/files/x")]
	assert contract.missing_to_approve(contract.VERBAL_ORDER, halves)


@pytest.mark.rule("A3", "A1")
@pytest.mark.parametrize("form", [f for f in contract.FORMS if f != contract.VERBAL_ORDER])
def test_a3_written_forms_need_no_confirmation(form):
	assert contract.missing_to_approve(form, []) == []


@pytest.mark.rule("A6")
@given(st.sampled_from(["title", "version", "file", "sha256"]), BLANK)
def test_a6_document_needs_title_version_and_file(field, blank):
	found = contract.missing_to_start(
		contract.ORDER,
		"Sea",
		"Wire",
		"Standard",
		"",
		[DRAWING, replace(DRAWING, **{field: blank})],
		ALL_CLASSES,
		True,
	)
	assert [(m.rule, m.args) for m in found] == [("A6", ("2",))]


@pytest.mark.rule("A7")
@given(BLANK)
def test_a7_special_packaging_is_described(blank):
	special = contract.SPECIAL_PACKAGING_CHOICE
	assert start(packaging=special, packaging_details=blank) == ["A7"]
	assert start(packaging=special, packaging_details="two layers") == []


@pytest.mark.rule("A7")
def test_a7_special_and_none_at_once_is_refused():
	row = Requirement(contract.STATED, "titanium", contract.SPECIAL_MATERIAL, none=True)
	assert start(requirements=[*ALL_CLASSES, row]) == ["A7"]
	assert start(requirements=[*ALL_CLASSES, replace(row, none=False)]) == []


@pytest.mark.rule("A7", "C4")
@given(st.lists(st.sampled_from(contract.SPECIALS)), st.booleans())
def test_a7_every_special_requirement_is_found(kinds, special_packaging):
	rows = [Requirement(contract.STATED, "text", k) for k in kinds] + [Requirement(contract.IMPLIED, "plain")]
	packaging = contract.SPECIAL_PACKAGING_CHOICE if special_packaging else contract.STANDARD_PACKAGING
	wanted = set(kinds) | ({contract.SPECIAL_PACKAGING} if special_packaging else set())
	assert contract.special_requirements(rows, packaging) == sorted(wanted)
	design = contract.design_before_production(rows, packaging)
	assert set(design) == wanted & {contract.SPECIAL_PACKAGING, contract.SPECIAL_PROCESS}


@pytest.mark.rule("A9")
@given(BLANK)
def test_a9_delivery_and_payment_method_stand_on_the_contract(blank):
	assert start(delivery_method=blank) == ["A9"]
	assert start(payment_method=blank) == ["A9"]
	assert start(delivery_method=blank, payment_method=blank) == ["A9", "A9"]


@pytest.mark.rule("A1", "A2", "A6", "A7", "A9")
def test_all_that_is_missing_is_said_at_once():
	found = start(
		form="",
		delivery_method="",
		payment_method="",
		packaging=contract.SPECIAL_PACKAGING_CHOICE,
		documents=[Document()],
		requirements=[],
	)
	assert found == ["A1", "A9", "A9", "A7", "A6", *["A2"] * 5]


@pytest.mark.rule("A7")
def test_a7_a_requirement_that_is_none_is_not_special():
	row = Requirement(contract.STATED, special=contract.SPECIAL_MATERIAL, none=True)
	assert contract.special_requirements([row], contract.STANDARD_PACKAGING) == []


NOW = datetime(2026, 5, 20, 9)


@pytest.mark.rule("A3", "K3")
@given(st.integers(-10_000, 10_000), st.booleans())
def test_a3_a_confirmation_has_happened_and_its_evidence_is_stored(minutes, stored):
	found = contract.confirmation_refusals(2, NOW + timedelta(minutes=minutes), NOW, stored)
	assert len(found) == (minutes > 5) + (not stored)
	assert all((m.rule, m.args) == ("A3", ("2",)) for m in found)


@pytest.mark.rule("A3")
def test_a3_when_it_happened_is_asked_for_elsewhere():
	assert contract.confirmation_refusals(1, None, NOW, True) == []

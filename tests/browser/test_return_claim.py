"""Quality claims by the people who handle them, in their screens: a good sample, a bad one, the approval."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.model.document import Document

from qms_customer.contract import states
from qms_customer.rules import people as roles
from tests.support import claims as r
from tests.support import contracts as c
from tests.support import sales
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage


@pytest.fixture
def slip(cast: c.World) -> Document:
	"""Put forward: a batch of 25, of which two customers have 15."""
	cast.person(roles.BUSINESS_MANAGER)
	frappe.db.set_value(
		"User",
		cast.person(roles.BUSINESS_MANAGER),
		{"first_name": "Ma Li", "full_name": "Ma Li"},
	)
	code = r.device(item_name="Infusion Set IS-10")
	customer, lot = r.sold(code)
	kept = r.place("qms_retained_samples", c.unique("Retained"))
	sales.received(code, 3, batch_no=lot, t_warehouse=kept)
	sales.delivered(c.customer(), {"item_code": code, "qty": 5, "batch_no": lot})
	return r.put_forward(cast, customer, (code, lot, 4))


def at(desk: Callable[..., DeskPage], slip: Document, user: str, lang: str) -> Hands:
	hand = Hands(desk(user, lang=lang)).open(r.SLIP, slip.name)
	hand.page.wait_for_selector(".qms-return-claim", state="attached")
	hand.page.settle()
	return hand


def quality_finds(
	desk: Callable[..., DeskPage], cast: c.World, slip: Document, lang: str, reading: str
) -> Hands:
	"""Quality inspects the sample, from the button to the signed finding."""
	hand = at(desk, slip, cast.person(roles.QUALITY), lang)
	hand.page.shot("1-to-test", full_page=True)
	hand.button(f"{slip.items[0].item_code} {slip.items[0].batch_no}", "Inspect Sample")
	hand.page.wait_for_url("**/app/quality-inspection/MAT-QA-*")
	hand.page.settle()
	hand.page.evaluate(
		"""(reading) => {
			const row = cur_frm.doc.readings[0];
			return frappe.model.set_value(row.doctype, row.name, "reading_1", reading);
		}""",
		reading,
	)
	hand.save()
	hand.submit()
	hand.page.wait_for_function("() => cur_frm.doc.docstatus === 1")
	hand.page.shot("2-inspection", full_page=True)
	hand.open(r.SLIP, slip.name)
	hand.page.wait_for_selector(".qms-return-claim", state="attached")
	hand.page.settle()
	hand.button("Record Finding")
	hand.page.shot("3-finding")
	hand.sign()
	frappe.db.rollback()
	slip.reload()
	hand.page.settle()
	return hand


@pytest.mark.rule("G3", "G4")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_good_sample_is_explained_and_the_customer_keeps_the_goods(
	desk: Callable[..., DeskPage], cast: c.World, slip: Document, lang: str
) -> None:
	frappe.db.commit()
	hand = quality_finds(desk, cast, slip, lang, "5")
	assert slip.workflow_state == states.RETURN_EXPLAINING
	hand.sees("Zhang Min", where=".qms-return-claim")
	hand.page.shot("4-good", full_page=True)
	seller = at(desk, slip, cast.second_sales(), lang)
	seller.button("Record Explanation")
	seller.fill(seller.dialog, explanation="The sample is tight, see the report.")
	seller.page.shot("5-explain")
	seller.sign()
	seller.page.settle()
	seller.button("Record Answer")
	seller.fill(seller.dialog, answer="Keeps the Goods", answered_by="Dr Gu")
	seller.slash("comment")
	seller.page.shot("6-answer")
	seller.sign()
	seller.page.wait_for_function("() => cur_frm.doc.docstatus === 1")
	frappe.db.rollback()
	assert slip.reload().workflow_state == states.RETURN_CLOSED
	seller.page.settle()
	seller.page.shot("7-kept", full_page=True)
	closed = seller.say(states.RETURN_CLOSED)
	assert (closed == states.RETURN_CLOSED) == (lang == "en")
	seller.sees(closed, where=".page-head")
	for view, row in (("list", ".list-row"), ("report", ".dt-cell")):
		seller.page.go(f"/app/return-slip/view/{view}?name={slip.name}")
		seller.sees(closed, where=row)
		seller.page.shot(f"8-{view}")


@pytest.mark.rule("G2", "G3", "G5")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_bad_sample_is_approved_and_its_batch_blocked(
	desk: Callable[..., DeskPage], cast: c.World, slip: Document, lang: str
) -> None:
	quality = frappe.get_doc("User", cast.person(roles.QUALITY))
	quality.append("roles", {"role": "Stock User"})
	quality.save()
	r.place("qms_quarantine", c.unique("Quarantine"))
	frappe.get_doc({"doctype": "Quality Procedure", "quality_procedure_name": "QP-13485-20"}).insert()
	frappe.db.commit()
	hand = quality_finds(desk, cast, slip, lang, "20")
	assert slip.workflow_state == states.RETURN_PENDING
	lot = slip.items[0].batch_no
	hand.sees(lot, where=".qms-batch h5")
	hand.page.shot("4-bad", full_page=True)
	group = hand.page.evaluate("lot => __('Batch {0}', [lot])", lot)

	# Block, move, open a non-conformance, and sign that it was looked at.
	for step, label in enumerate(("Block Batch", "Move Stock to Quarantine"), 5):
		hand.button(label, group)
		hand.page.shot(f"{step}-{label.split()[0].lower()}")
		hand.yes()
		hand.page.settle()
	hand.button("Open Non-Conformance", group)
	hand.fill(hand.dialog, procedure="QP-13485-20")
	hand.page.shot("7-non-conformance")
	hand.send()
	hand.page.settle()
	hand.button("Batch Looked At", group)
	hand.slash("comment")
	hand.page.shot("8-looked-at")
	hand.sign()
	hand.page.settle()
	hand.page.shot("9-batch", full_page=True)
	frappe.db.rollback()
	measure = slip.reload().batch_measures[0]
	assert measure.blocked and measure.stock_entry and measure.non_conformance and measure.looked_on
	assert frappe.db.get_value("Batch", lot, "disabled") == 1

	manager = at(desk, slip, cast.person(roles.BUSINESS_MANAGER), lang)
	manager.page.shot("10-to-decide", full_page=True)
	manager.button("Decide Return")
	manager.fill(manager.dialog, decision="Approved")
	manager.slash("comment")
	manager.page.shot("11-decide")
	manager.sign()
	manager.page.wait_for_function("() => cur_frm.doc.docstatus === 1")
	frappe.db.rollback()
	assert slip.reload().workflow_state == states.RETURN_ROUTING
	manager.page.settle()
	manager.page.shot("12-approved", full_page=True)

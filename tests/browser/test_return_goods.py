"""Goods of an approved return by the people who handle them, in their screens: back and exchanged, destroyed
on site.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.model.document import Document

from qms_customer.contract import states
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

PROCEDURE = "QP-13485-20"


@pytest.fixture
def slip(cast: c.World) -> Document:
	"""Four of ten sets of a batch are approved to come back, for an exchange."""
	_order, note, _batch = d.ordered(cast)
	frappe.get_doc({"doctype": "Quality Procedure", "quality_procedure_name": PROCEDURE}).insert()
	return d.approved(cast, (note, 0, 4))


def at(desk: Callable[..., DeskPage], slip: Document, user: str, lang: str) -> Hands:
	hand = Hands(desk(user, lang=lang)).open(d.SLIP, slip.name)
	shown(hand)
	return hand


def shown(hand: Hands) -> None:
	hand.page.wait_for_selector(".qms-return-goods", state="attached")
	hand.page.settle()


def rerouted(hand: Hands, route: str, reason: str) -> None:
	hand.button("Decide Route")
	hand.fill(hand.dialog, route=route, freight="35", reason=reason)
	hand.page.shot("2-route")
	hand.sign()
	shown(hand)


def now(slip: Document) -> Document:
	frappe.db.rollback()
	return slip.reload()


@pytest.mark.rule("G6", "G7")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_goods_come_back_are_inspected_and_exchanged(
	desk: Callable[..., DeskPage], cast: c.World, slip: Document, lang: str
) -> None:
	frappe.db.commit()
	seller = at(desk, slip, cast.sales, lang)
	seller.page.shot("1-approved", full_page=True)
	rerouted(seller, "Back to Us", "Worth more than the freight.")
	assert now(slip).workflow_state == states.RETURN_AWAITED

	quality = at(desk, slip, cast.person(roles.QUALITY), lang)
	quality.button("Goods Received")
	quality.page.shot("3-received")
	quality.send()
	shown(quality)
	assert now(slip).workflow_state == states.RETURN_QUARANTINED
	title = f"{slip.items[0].item_code} {slip.items[0].batch_no}"
	quality.page.shot("4-quarantine", full_page=True)
	quality.button(title, "Inspect Goods")
	quality.page.wait_for_url("**/app/quality-inspection/MAT-QA-*")
	quality.page.settle()
	# ERPNext has it accepted from the beginning.
	quality.refused("G6", do=quality.submit)
	quality.page.shot("4-untested")
	quality.close_message()
	quality.fill(remarks="Seal intact, flow 5 ml/min")
	quality.save()
	quality.submit()
	quality.page.wait_for_function("() => cur_frm.doc.docstatus === 1")
	quality.open(d.SLIP, slip.name)
	shown(quality)
	quality.button(title, "Decide Disposition")
	quality.fill(quality.dialog, disposition="Return to Stock")
	quality.fill(
		quality.dialog, target=c.warehouse(), procedure=PROCEDURE, comment="Seal intact, tests passed"
	)
	quality.page.shot("5-disposition")
	quality.sign()
	shown(quality)
	quality.page.shot("6-settlement", full_page=True)
	assert now(slip).workflow_state == states.RETURN_SETTLING

	seller.open(d.SLIP, slip.name)
	shown(seller)
	seller.button("Draft Replacement")
	seller.page.wait_for_url("**/app/delivery-note/*")
	seller.page.settle()
	seller.page.shot("7-replacement", full_page=True)
	frappe.db.rollback()
	note = frappe.get_last_doc("Delivery Note", {"qms_replacement": 1})
	assert (note.docstatus, note.qms_return_slip, note.items[0].qty) == (0, slip.name, 4)


@pytest.mark.rule("G6")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_goods_are_destroyed_on_site_with_evidence(
	desk: Callable[..., DeskPage], cast: c.World, slip: Document, lang: str, tmp_path: Path
) -> None:
	photo = c.upload(attached_to_doctype=d.SLIP, attached_to_name=slip.name).file_url
	frappe.db.commit()
	seller = at(desk, slip, cast.sales, lang)
	rerouted(seller, "Destroyed on Site", "The freight is more than they are worth.")
	seller.button("Goods Destroyed on Site")
	seller.fill(seller.dialog, destroyed_by="Dr Gu", witness="Dr Gu")
	seller.page.evaluate("url => cur_dialog.set_value('photos', url)", photo)
	seller.give_signature()
	seller.refused("G6", do=None)
	seller.page.shot("3-refused")
	seller.close_message()
	seller.fill(seller.dialog, witness="Mr Lin")
	seller.page.shot("4-destroyed")
	seller.sign()
	shown(seller)
	seller.page.shot("5-settlement", full_page=True)
	assert now(slip).workflow_state == states.RETURN_SETTLING
	assert slip.arrivals[0].evidence == photo

	assert not seller.has_button("Give Something Else")
	manager = at(desk, slip, cast.person(roles.BUSINESS_MANAGER), lang)
	manager.button("Give Something Else")
	manager.fill(manager.dialog, instead="Nothing More", reason="The customer waives it, by phone")
	manager.page.shot("6-instead")
	manager.sign()
	shown(manager)
	manager.page.shot("7-closed", full_page=True)
	slip = now(slip)
	assert (slip.workflow_state, slip.wanted, slip.given) == (
		states.RETURN_CLOSED,
		"Exchange",
		"Nothing More",
	)

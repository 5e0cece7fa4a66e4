"""Going live, on the screen: an administrator collects, the general manager looks and signs, goods leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.model.document import Document
from playwright.sync_api import expect

from qms_customer.contract import adopt, adopt_job, scope
from qms_customer.records.token import moving
from qms_customer.rules.scope import Cell
from tests.support import contracts as c
from tests.support.hands import Hands
from tests.support.people import make_user

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

Desk = Callable[..., "DeskPage"]
SETTINGS = "QMS Customer Settings"


@pytest.fixture
def trades(cast: c.World) -> list[Document]:
	"""A company with orders, and the gate not live yet."""
	settings = frappe.get_doc(SETTINGS)
	adopt.set_cells(settings, [Cell()])
	with moving(settings, "Upgraded"):
		settings.save()
	c.receive("IP-200", 50)
	orders = [
		c.order("IP-200", qty=2 + n, customer=c.customer(customer_name=f"City Hospital {n}"))
		for n in range(4)
	]
	for doc in orders:
		doc.submit()
	frappe.db.delete("Sales Order Item", {"parent": orders[-1].name})
	return orders


@pytest.fixture
def it() -> str:
	return make_user("System Manager", "QMS Auditor", first_name="Ma Jun")


def last_adoption() -> str:
	frappe.db.rollback()
	return frappe.get_last_doc(adopt.DOCTYPE).name


def work(name: str) -> None:
	"""What a background worker of the bench does."""
	frappe.db.rollback()
	adopt_job.collect(name)


@pytest.mark.rule("E8")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_company_that_trades_goes_live(
	desk: Desk, cast: c.World, trades: list[Document], it: str, lang: str
) -> None:
	first = trades[0]
	admin = Hands(desk(it, lang=lang))
	admin.sees(
		admin.say("Contract review is not live yet: nothing is held up, and nothing is reviewed."),
		where="body",
	)
	admin.page.shot(f"adoption-alert-{lang}")
	admin.page.go("/app/qms-customer-settings")
	assert "1" in admin.headline
	admin.page.locator('[data-fieldname="scope"]').first.scroll_into_view_if_needed()
	admin.page.shot(f"adoption-settings-{lang}")
	admin.button("Prepare the Go-Live")
	admin.page.wait_for_url("**/app/contract-adoption/CA-*")
	name = last_adoption()
	admin.page.shot(f"adoption-prepared-{lang}")
	admin.button("Collect")
	expect(admin.find(".qms-progress")).to_be_visible()
	admin.page.shot(f"adoption-collecting-{lang}")
	work(name)
	# The form follows by itself.
	expect(admin.find(".qms-panel").filter(has_text="SHA-256")).to_be_visible()
	assert not admin.has_button("Sign and Go Live")

	gm = Hands(desk(cast.gm, lang=lang)).open(adopt.DOCTYPE, name)
	gm.sees(first.name, first.customer, trades[-1].name)
	gm.page.shot(f"adoption-ready-{lang}", full_page=True)
	gm.button("All Contracts")
	gm.sees(first.name)
	gm.page.shot(f"adoption-list-{lang}")
	gm.open(adopt.DOCTYPE, name)
	gm.button("Sign and Go Live")
	gm.fill(gm.dialog, comment="Compared with the order book")
	gm.page.shot(f"adoption-sign-{lang}")
	gm.sign()
	frappe.db.rollback()
	record = frappe.get_doc(adopt.DOCTYPE, name)
	assert (record.status, record.signed_by, record.contracts, record.problems) == ("Signed", cast.gm, 3, 1)
	frappe.clear_document_cache(SETTINGS, SETTINGS)
	assert scope.everything()
	gm.page.shot(f"adoption-signed-{lang}")

	sales = Hands(desk(cast.sales, lang=lang)).open("Sales Order", first.name)
	sales.tab("qms_review_tab")
	sales.sees(name, where=".qms-panel")
	sales.page.shot(f"adoption-order-{lang}")
	stock = make_user("Stock User", "Sales User")
	frappe.db.commit()
	from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note

	note = make_delivery_note(first.name).insert()
	frappe.db.commit()
	clerk = Hands(desk(stock, lang=lang)).open("Delivery Note", note.name)
	clerk.submit()
	frappe.db.rollback()
	assert frappe.db.get_value("Delivery Note", note.name, "docstatus") == 1


@pytest.mark.rule("E8")
def test_what_was_altered_meanwhile_is_shown_and_brought_up_to_date(
	desk: Desk, cast: c.World, trades: list[Document]
) -> None:
	representative = cast.person("QMS Management Representative")
	with_name = adopt.prepare()
	adopt.start(with_name.name)
	frappe.db.commit()
	work(with_name.name)
	trades[1].reload().cancel()
	page = Hands(desk(representative)).open(adopt.DOCTYPE, with_name.name)
	page.button("Sign and Go Live")
	page.slash("comment")
	page.give_signature()
	page.refused("E8", trades[1].name)
	page.close_message()
	page.page.shot("adoption-stale")
	page.dialog.locator(".btn-modal-close").first.click()
	page.button("Bring up to Date")
	page.sees_not(trades[1].name, where=".qms-panel")
	page.button("Sign and Go Live")
	page.slash("comment")
	page.sign()
	frappe.db.rollback()
	assert frappe.db.get_value(adopt.DOCTYPE, with_name.name, "signed_by") == representative


@pytest.mark.rule("E8", "C1")
def test_an_imported_order_is_adopted_from_the_list(desk: Desk, cast: c.World, it: str) -> None:
	doc = c.imported_order("IP-200", qty=2)
	page = Hands(desk(it, path="/app/sales-order"))
	page.find(f'.list-row-checkbox[data-name="{doc.name}"]').check()
	page.action("Adopt from before the Go-Live")
	page.fill(page.dialog, reason="Imported from the old system")
	page.dialog.locator(".btn-modal-primary").click()
	page.page.wait_for_url("**/app/contract-adoption/CA-*")
	name = last_adoption()
	gm = Hands(desk(cast.gm)).open(adopt.DOCTYPE, name)
	gm.sees("Imported from the old system", doc.name)
	gm.page.shot("adoption-supplement")
	gm.button("Sign")
	gm.slash("comment")
	gm.sign()
	sales = Hands(desk(cast.sales)).open("Sales Order", doc.name)
	assert name in sales.headline
	sales.submit()
	frappe.db.rollback()
	assert doc.reload().docstatus == 1 and doc.qms_review_status == "Adopted"

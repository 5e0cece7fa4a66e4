"""Returns where people look for them: scanned into a slip, in reports, on paper, in the workspace."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import add_days, nowdate
from playwright.sync_api import expect

from qms_customer.rules.udi import check_character
from tests.support import claims, sales
from tests.support import contracts as c
from tests.support import disposed as d
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage

GTIN, PRIMARY = "06901234567892", "+A123BJC5D6E71G"


def delivered(item_name: str, batch: str, customer: str, *barcodes: str, quantity: float = 10) -> object:
	code = c.item(
		has_batch_no=1,
		create_new_batch=0,
		item_name=item_name,
		barcodes=[{"barcode": one} for one in barcodes],
	)
	row = {"item_code": code, "qty": quantity, "batch_no": sales.batch(code, 3 * quantity, name=batch)}
	return sales.delivered(customer, row)


@pytest.mark.rule("G1")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_labels_are_scanned_into_a_slip(desk: Callable[..., DeskPage], cast: c.World, lang: str) -> None:
	customer = c.customer(customer_name="Ruijin Hospital")
	pump = delivered("Infusion Pump IP-10", "LOT-7", customer, GTIN)
	valve = delivered("Valve V-2", "LOT8", customer, PRIMARY)
	frappe.db.commit()
	hand = Hands(desk(cast.sales, lang=lang, path="/app/return-slip/new"))
	hand.page.settle()
	hand.button("Scan")

	def scan(text: str, said: str) -> None:
		hand.fill(hand.dialog, code=text)
		hand.dialog.locator(".btn-modal-primary").click()
		hand.page.settle()
		expect(hand.dialog.locator(".frappe-control[data-fieldname=told]")).to_contain_text(said)

	added = hand.say("{0} is added").replace("{0}", "").strip()
	label = f"]d201{GTIN}17280930<GS>10LOT-7"
	scan(label, added)
	hand.page.shot("1-gs1")
	scan(label, added)
	secondary = "+$$7LOT9G"
	scan(
		secondary + check_character(secondary),
		hand.say("Scan the other code of this label as well: it says which item it is.")[:12],
	)
	hand.page.shot("2-half")
	hand.fill(hand.dialog, code=PRIMARY)
	hand.refused("G7", "LOT9")
	hand.page.shot("3-unknown-batch")
	hand.close_message()
	hand.page.keyboard.press("Escape")
	hand.button("Scan")
	whole = "+A123BJC5D6E71/$$7LOT8"
	scan(whole + check_character(whole), added)
	hand.page.keyboard.press("Escape")
	hand.page.settle()
	rows = hand.page.evaluate("() => cur_frm.doc.items.map((r) => [r.item_code, r.batch_no, r.qty])")
	assert rows == [[pump.items[0].item_code, "LOT-7", 2], [valve.items[0].item_code, "LOT8", 1]]
	hand.page.shot("4-rows", full_page=True)


@pytest.mark.rule("G6", "H8", "L3")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_reports_prints_and_workspace(desk: Callable[..., DeskPage], cast: c.World, lang: str) -> None:
	customers = [c.customer(customer_name=name) for name in ("Ruijin Hospital", "Riverside Hospital")]
	notes = [
		delivered("Infusion Pump IP-10", "LOT-7", customers[0]),
		delivered("Valve V-2", "LOT-8", customers[1]),
		delivered("Syringe S-5", "LOT-9", customers[1], quantity=200),
	]
	reason = frappe.get_all("Return Reason", pluck="name", order_by="name", limit=2)
	slips = [
		d.approved(
			cast,
			{
				"delivery": note,
				"stock_qty": qty,
				"reason_code": why,
				"item_name": note.items[0].item_name,
			},
		)
		for note, qty, why in zip(notes, (4, 2, 6), (reason[0], reason[1], reason[0]), strict=True)
	]
	d.back(cast, slips[0])
	d.disposed(cast, slips[0].reload(), "Rework", 1)
	d.destroyed(cast, d.routed(cast, slips[1], "Destroyed on Site"))
	late = f"{add_days(nowdate(), -40)} 10:00:00"
	frappe.db.set_value(d.SLIP, slips[2].name, {"decided_on": late, "creation": late})
	row = notes[2].items[0]
	claims.put_forward(cast, customers[1], (row.item_code, row.batch_no, 3), claimed=False)
	frappe.db.commit()

	hand = Hands(desk(cast.vp, lang=lang, path="/app/query-report/Returns and Their Rates"))
	hand.sees("Infusion Pump IP-10", where=".dt-scrollable")
	hand.page.settle()
	hand.page.shot("1-rates", full_page=True)
	for number, by in enumerate(("Batch", "Customer", "Reason")):
		hand.page.go(f"/app/query-report/Returns and Their Rates?group_by={by}")
		hand.page.wait_for_selector(".dt-scrollable .dt-row")
		hand.page.settle()
		hand.page.shot(f"2-rates-{number}-{by.lower()}", full_page=True)
	hand.page.go("/app/query-report/Open Return Slips")
	hand.sees(slips[2].name, where=".dt-scrollable")
	hand.page.settle()
	hand.page.shot("3-open", full_page=True)
	hand.page.go("/app/query-report/Quarantine Stock")
	hand.sees("LOT-7", where=".dt-scrollable")
	hand.page.settle()
	hand.page.shot("4-quarantine", full_page=True)
	for name, slip, title in (
		("Return Slip", slips[0], "退货单"),
		("Destruction Certificate", slips[1], "销毁证明"),
	):
		hand.page.go(f"/app/print/{d.SLIP}/{slip.name}")
		if name != d.SLIP:
			hand.fill(print_format=name)
		frame = hand.page.frame_locator("iframe.print-format-container").first
		hand.page.settle()
		expect(frame.locator(".qms-title")).to_be_visible()
		hand.page.shot(f"5-print-{name.split()[0].lower()}", full_page=True)
		page = hand.page.evaluate(
			"""([doctype, name, format]) => frappe.call("frappe.www.printview.get_html_and_style",
				{ doc: doctype, name, print_format: format }).then((r) => r.message.html)""",
			[d.SLIP, slip.name, name],
		)
		assert title in page
	hand.page.go("/app/qms-customer")
	hand.sees(hand.say("Quarantine Stock"))
	hand.page.settle()
	hand.page.shot("6-workspace", full_page=True)

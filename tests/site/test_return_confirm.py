"""The customer confirms a return slip: on paper, or by a link that expires (G1)."""

from __future__ import annotations

import hashlib
from typing import Any

import frappe
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, add_to_date, now_datetime, nowdate

from qms_customer.contract import states
from qms_customer.messages import QMSRefusal
from qms_customer.records import verification
from qms_customer.returns import confirm
from qms_customer.returns import return_api as api
from qms_customer.www import return_slip as page
from tests.support import contracts as c
from tests.support import returned as r
from tests.support import sales
from tests.support.doors import nothing_changes
from tests.support.people import as_user


def link(world: c.World, slip: Document) -> str:
	"""The token of a new link."""
	with as_user(world.second_sales()):
		url = api.make_link(slip.name, r.shown(slip))["url"]
	slip.reload()
	return url.split("token=")[1]


def rows(slip: Document, **changes: Any) -> list[dict[str, Any]]:
	return [
		{
			"row": row.name,
			"qty": row.stock_qty,
			"serial_nos": row.serial_nos or "",
			"reason": row.reason_details,
			**changes,
		}
		for row in slip.items
	]


def confirmed(token: str, given: list, name: str = "Dr Gu", agreed: int = 1) -> None:
	with as_user("Guest"):
		api.confirm_by_link(token, name, given, agreed)


@pytest.mark.rule("G1")
def test_the_customer_confirms_by_link_and_it_is_used_up(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	token = link(world, slip)
	assert slip.link_hash == hashlib.sha256(token.encode()).hexdigest()
	assert token not in frappe.as_json(slip.as_dict())
	confirmed(token, rows(slip))
	slip.reload()
	assert (slip.confirmation, slip.confirmed_by, slip.link_hash) == ("Signed Link", "Dr Gu", None)
	assert slip.confirmation_hash
	with pytest.raises(QMSRefusal, match="not valid any more"):
		confirmed(token, rows(slip))
	r.put_forward(world, slip)
	assert slip.workflow_state == states.RETURN_PENDING
	assert verification.verify(r.SLIP, slip.name).findings == []


@pytest.mark.rule("G1")
@pytest.mark.rule("G7")
def test_reason_and_quantity_downward_are_corrected_and_nothing_else(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	token = link(world, slip)
	for wrong in (
		rows(slip, qty=5),
		rows(slip, qty=-1),
		rows(slip, qty="NaN"),
		rows(slip, qty=0),
		rows(slip, reason=""),
		rows(slip, reason="x" * 1001),
		rows(slip, row="another"),
		[],
		["text"],
		[*rows(slip), {"row": "another", "qty": 1}],
	):
		with pytest.raises(QMSRefusal, match=r"G[17]"), nothing_changes():
			confirmed(token, wrong)
	slip.reload()
	assert slip.items[0].qty == 4
	confirmed(token, rows(slip, qty=3, reason="Tube loose", rate=1, item_code="x"))
	slip.reload()
	assert (slip.items[0].qty, slip.items[0].reason_details, slip.items[0].rate) == (3, "Tube loose", 100)
	assert slip.total_amount == 300


@pytest.mark.rule("G1")
def test_serial_numbers_are_left_out_by_name(world: c.World) -> None:
	code = c.item(has_serial_no=1)
	names = sales.serials(code, 3)
	note = sales.delivered(c.customer(), {"item_code": code, "qty": 3, "serial_no": "\n".join(names)})
	slip = r.slip(world, note)
	token = link(world, slip)
	with pytest.raises(QMSRefusal, match="downward"):
		confirmed(token, rows(slip, serial_nos="\n".join([*names[:2], "SN of another"])))
	with pytest.raises(QMSRefusal, match="as many serial numbers"):
		confirmed(token, rows(slip, serial_nos=names[0], qty=2))
	confirmed(token, rows(slip, serial_nos=names[0], qty=1))
	slip.reload()
	assert (slip.items[0].qty, slip.items[0].serial_nos) == (1, names[0])


@pytest.mark.rule("G1")
def test_a_link_ends_with_its_day_a_newer_one_and_every_change(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	first = link(world, slip)
	second = link(world, slip)
	assert confirm.shown(first) is None
	assert confirm.shown(second).name == slip.name
	with as_user(world.second_sales()):
		slip.items[0].qty = 3
		slip.save()
	assert confirm.shown(second) is None
	third = link(world, slip)
	frappe.db.set_value(r.SLIP, slip.name, "link_expires", add_to_date(now_datetime(), minutes=-1))
	assert confirm.shown(third) is None
	with pytest.raises(QMSRefusal, match="not valid"):
		confirmed(third, rows(slip))
	for nothing in ("", "x", "x" * 43, None, 5, "%" * 43):
		assert confirm.shown(nothing) is None


@pytest.mark.rule("G1")
def test_a_link_of_a_withdrawn_slip_is_over(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	token = link(world, slip)
	with as_user(world.second_sales()):
		api.withdraw(slip.name, r.shown(slip), "Found again")
	assert confirm.shown(token) is None


@pytest.mark.rule("G1")
def test_a_name_and_the_tick_are_needed(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	token = link(world, slip)
	for name, agreed in (("", 1), ("/", 1), ("x" * 141, 1), ("Dr Gu", 0)):
		with pytest.raises(QMSRefusal, match="G1"):
			confirmed(token, rows(slip), name, agreed)


@pytest.mark.rule("G1")
def test_the_page_shows_the_slip_and_tells_nothing_else(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)
	token = link(world, slip)
	with as_user("Guest"):
		frappe.form_dict.token = token
		context = page.get_context(frappe._dict())
		assert context.slip["name"] == slip.name
		seen = frappe.as_json(context.slip)
		assert "rate" not in seen
		assert "amount" not in seen
		frappe.form_dict.token = "x" * 43
		nothing = page.get_context(frappe._dict())
	assert nothing.slip is None
	with as_user("Guest"), pytest.raises(frappe.PermissionError):
		api.get_panel(slip.name)


@pytest.mark.rule("G1")
def test_what_stands_against_it_does_not_tell_of_other_customers(world: c.World) -> None:
	note = r.delivered(10)
	slip = r.slip(world, note)
	token = link(world, slip)
	r.claiming(world, note, 8)
	with pytest.raises(QMSRefusal, match="call us"):
		confirmed(token, rows(slip))
	confirmed(token, rows(slip, qty=2))


@pytest.mark.rule("G1")
def test_no_link_for_a_slip_that_is_wrong(world: c.World) -> None:
	note = r.delivered(10)
	slip = r.slip(world, note, 4)
	with as_user(world.second_sales()):
		slip.items[0].qty = 11
		slip.save()
	with pytest.raises(QMSRefusal, match="G7"):
		link(world, slip)


@pytest.mark.rule("G1")
@pytest.mark.rule("K3")
def test_paper_is_a_stored_file_that_one_may_see_signed_until_today(world: c.World) -> None:
	slip = r.slip(world, r.delivered(10), 4)

	def attach(file: str, by: str = "Dr Gu", on: str = "") -> None:
		with as_user(world.second_sales()):
			api.attach_paper(slip.name, r.shown(slip), file, by, on or nowdate())

	other = c.upload().file_url
	with as_user(world.second_sales()):
		paper = c.upload().file_url
	with pytest.raises(QMSRefusal, match=r"G1: .*no file that you may read"):
		attach(other)
	for wrong in (
		("",),
		("/private/files/none.pdf",),
		("https://elsewhere.example/a.pdf",),
		(paper, ""),
		(paper, "Dr Gu", add_days(nowdate(), 1)),
		(paper, "Dr Gu", "no date"),
	):
		with pytest.raises(QMSRefusal):
			attach(*wrong)
	attach(paper)
	slip.reload()
	assert (slip.confirmation, slip.confirmation_file) == ("Signed Paper", paper)
	assert slip.confirmation_hash
	with pytest.raises(QMSRefusal):
		frappe.delete_doc("File", frappe.db.get_value("File", {"file_url": paper}))

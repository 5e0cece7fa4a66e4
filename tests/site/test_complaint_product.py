"""The product that a complaint is about: its batch's other deliveries, what came back, other complaints (H3,
H5, K6).
"""

from __future__ import annotations

import frappe
import pytest

from qms_customer.feedback import complaint_api as api
from qms_customer.rules import people as roles
from tests.support import complaints as h
from tests.support import contracts as c
from tests.support import returned as r
from tests.support import sales
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries


def panel(user: str, name: str) -> str:
	with as_user(user):
		return api.get_product(name)["html"]


@pytest.mark.rule("H3", "H5", "K6")
def test_a_batch_is_followed_to_whoever_else_has_it(world: c.World) -> None:
	code = r.device()
	own, other = c.customer(customer_name="Own Hospital"), c.customer(customer_name="Other & Clinic")
	note = r.delivered(4, own, code)
	batch = note.items[0].batch_no
	elsewhere = r.delivered(3, other, code, batch_no=batch)
	unrelated = r.delivered(2, c.customer(customer_name="Unrelated"), code)
	slip = r.claiming(world, note, 1)
	doc = h.complaint(world, customer=own, item_code=code, batch_no=batch)
	twin = h.complaint(world, customer=other, item_code=code, batch_no=batch)
	h.complaint(world, customer=other, item_code=code, batch_no="another")
	quality = world.person(roles.QUALITY)
	html = panel(quality, doc.name)
	for name in (note.name, elsewhere.name, slip.name, twin.name):
		assert name in html, name
	assert "Other &amp; Clinic" in html
	for name in (unrelated.name, "Unrelated", "another"):
		assert name not in html, name
	assert html.index(note.name) < html.index(elsewhere.name)


@pytest.mark.rule("H3", "K6")
def test_what_was_told_need_not_be_known(world: c.World) -> None:
	code = r.device()
	doc = h.complaint(world, item_code=code, batch_no="NOT-OURS")
	assert "NOT-OURS is no batch of ours" in panel(world.person(roles.QUALITY), doc.name)
	doc = h.complaint(world, item_code=code, batch_no=None)
	assert "Neither batch nor device is known" in panel(world.person(roles.QUALITY), doc.name)
	# A batch of another item is not the product's.
	other = r.delivered(1).items[0].batch_no
	doc = h.complaint(world, item_code=code, batch_no=other)
	assert "is no batch of ours" in panel(world.person(roles.QUALITY), doc.name)


@pytest.mark.rule("H3", "K6")
def test_a_device_is_followed_by_its_serial_number(world: c.World) -> None:
	code = c.item(has_serial_no=1)
	serials = sales.serials(code, 2)
	notes = [
		sales.delivered(
			c.customer(), {"item_code": code, "qty": 1, "serial_no": one, "use_serial_batch_fields": 1}
		)
		for one in serials
	]
	doc = h.complaint(world, item_code=code, batch_no=None, serial_no=serials[0])
	html = panel(world.person(roles.QUALITY), doc.name)
	assert notes[0].name in html
	assert notes[1].name not in html


@pytest.mark.rule("H5")
def test_a_slip_that_was_named_is_shown_though_it_is_of_another_batch(world: c.World) -> None:
	slip = r.slip(world, r.delivered(3))
	doc = h.complaint(world, batch_no="NOT-OURS")
	quality = world.person(roles.QUALITY)
	assert slip.name not in panel(quality, doc.name)
	h.do(quality, "link_return", doc, slip.name)
	html = panel(quality, doc.name)
	assert slip.name in html
	assert "this complaint" in html


@pytest.mark.rule("L1")
def test_nobody_sees_there_what_they_may_not_read(world: c.World) -> None:
	own, other = c.customer(), c.customer()
	code = r.device()
	note = r.delivered(4, own, code)
	batch = note.items[0].batch_no
	elsewhere = r.delivered(3, other, code, batch_no=batch)
	slip = r.slip(world, elsewhere)
	doc = h.complaint(world, customer=own, item_code=code, batch_no=batch)
	twin = h.complaint(world, customer=other, item_code=code, batch_no=batch)
	user = make_user(roles.QUALITY)
	frappe.get_doc(
		{"doctype": "User Permission", "user": user, "allow": "Customer", "for_value": own}
	).insert()
	html = panel(user, doc.name)
	assert note.name in html
	assert "You may not read all deliveries" in html
	for name in (elsewhere.name, slip.name, twin.name):
		assert name not in html, name
	with as_user(make_user("Sales User")), pytest.raises(frappe.PermissionError):
		api.get_product(doc.name)


@pytest.mark.rule("H3")
def test_the_panel_asks_a_constant_number_of_queries(world: c.World) -> None:
	code = r.device()
	note = r.delivered(2, code=code)
	batch = note.items[0].batch_no
	doc = h.complaint(world, item_code=code, batch_no=batch)
	quality = world.person(roles.QUALITY)
	panel(quality, doc.name)
	with count_queries() as few:
		panel(quality, doc.name)
	for _ in range(3):
		r.slip(world, r.delivered(1, c.customer(), code, batch_no=batch))
		h.complaint(world, item_code=code, batch_no=batch)
	panel(quality, doc.name)
	with count_queries() as many:
		panel(quality, doc.name)
	assert many.count <= few.count + 3, (few.count, many.count)
	assert many.count < 60

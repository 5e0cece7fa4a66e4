"""A return slip of what a complaint is about (G1, H5)."""

import frappe
import pytest

from qms_customer.feedback import complaint_api as api
from qms_customer.rules import people as roles
from tests.support import advisory as a
from tests.support import complaints as k
from tests.support import contracts as c
from tests.support import returned as r
from tests.support.people import as_user

REFUSED = (frappe.ValidationError, frappe.PermissionError)


@pytest.mark.rule("G1", "H5")
def test_g1_a_complaint_begins_its_slip_which_becomes_its_action(world: c.World) -> None:
	note = r.delivered(10)
	complaint = a.complaint(world, note)
	with as_user(world.person(roles.RND)), pytest.raises(REFUSED):
		api.make_return_slip(complaint.name)
	with as_user(world.person(roles.SERVICE)):
		slip = frappe.get_doc(api.make_return_slip(complaint.name))
		assert (slip.customer, slip.source_name) == (note.customer, complaint.name)
		assert (slip.is_quality_claim, slip.claim_reason) == (1, complaint.details)
		(row,) = slip.items
		assert (row.item_code, row.batch_no, row.reason_details) == (
			complaint.item_code,
			complaint.batch_no,
			complaint.details,
		)
		row.qty = 3
		slip.update({"wanted": "Exchange"}).insert()
	assert (slip.items[0].delivery, slip.items[0].stock_qty) == (note.name, 3)
	complaint.reload()
	assert [(one.kind, one.return_slip) for one in complaint.corrections] == [("Product Handling", slip.name)]
	with as_user(world.person(roles.QUALITY)), pytest.raises(frappe.ValidationError, match="H5"):
		# It is among them already.
		api.link_return(complaint.name, k.shown(complaint), slip.name)
	k.verified(complaint)


@pytest.mark.rule("G1", "H5")
def test_g1_what_a_complaint_does_not_know_is_filled_in_by_who_makes_the_slip(
	world: c.World, monkeypatch: pytest.MonkeyPatch
) -> None:
	note = r.delivered(5)
	complaint = k.complaint(world, item_code=note.items[0].item_code, batch_no="OFF THE LABEL")
	with as_user(world.person(roles.SERVICE)):
		slip = frappe.get_doc(api.make_return_slip(complaint.name))
		(row,) = slip.items
		assert (slip.customer, row.item_code, row.batch_no) == (complaint.customer, complaint.item_code, None)
		# Of another customer it is no action on this complaint.
		slip.update({"customer": note.customer, "wanted": "Exchange"})
		row.update({"batch_no": note.items[0].batch_no, "qty": 1})
		with pytest.raises(frappe.ValidationError, match="H5"):
			slip.insert()
	with k.regulators(monkeypatch):
		closed = k.closed(world)
	with as_user(world.person(roles.SERVICE)), pytest.raises(frappe.ValidationError, match="H5"):
		api.make_return_slip(closed.name)

"""A scanned label is the item, batch and serial number that it is here, or is refused in words (G1, G7)."""

from __future__ import annotations

import itertools
from typing import Any

import frappe
import pytest
from frappe.utils import add_days, getdate, nowdate

from qms_customer.messages import QMSRefusal
from qms_customer.returns import return_api as api
from qms_customer.returns import scanned
from qms_customer.rules import people as roles
from qms_customer.rules.udi import check_character
from tests.support import contracts as c
from tests.support import sales
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

FNC1 = "\x1d"
_numbers = itertools.count()


def name(prefix: str = "B") -> str:
	"""Return a batch or serial number as a label can carry it: in GS1 and HIBC there are no blanks."""
	return c.unique(prefix).replace(" ", "-").upper()


def gtin(number: int) -> str:
	"""Return a GTIN of 14 digits that begins with a zero."""
	body = f"0690{number:09d}"
	total = sum(int(d) * (3 if place % 2 == 0 else 1) for place, d in enumerate(body))
	return f"{body}{-total % 10}"


def device(*barcodes: dict[str, Any] | str, **values: Any) -> str:
	"""Return an item with batches and these barcodes."""
	rows = [b if isinstance(b, dict) else {"barcode": b} for b in barcodes]
	return c.item(**{"has_batch_no": 1, "create_new_batch": 0, "barcodes": rows, **values})


@pytest.fixture
def number() -> str:
	"""A GTIN that no other item has."""
	return gtin(1000 + next(_numbers))


def refused(text: str, pattern: str, before: str = "") -> None:
	with pytest.raises(QMSRefusal, match=pattern):
		scanned.resolve(text, before)


@pytest.mark.rule("G1")
@pytest.mark.parametrize("digits", [14, 13])
def test_a_gs1_label_is_item_and_batch(number: str, digits: int) -> None:
	code = device(number[14 - digits :])
	batch = sales.batch(code, 5, expires=700, name=name())
	day = getdate(add_days(nowdate(), 700))
	found = scanned.resolve(f"]d201{number}17{day:%y%m%d}10{batch}")
	assert (found.item_code, found.batch_no, found.serial_no, found.notes) == (code, batch, "", [])
	assert found.expires == day and found.has_batch_no
	assert scanned.resolve(f"(01){number}(10){batch}").batch_no == batch
	assert scanned.resolve(f"https://id.gs1.org/01/{number}/10/{batch}").batch_no == batch
	assert scanned.resolve(number).item_code == code


@pytest.mark.rule("G1")
def test_a_box_is_counted_in_its_unit(number: str) -> None:
	code = device(
		{"barcode": number, "uom": "Box"}, uoms=[{"uom": "Box", "conversion_factor": 12}], has_batch_no=0
	)
	found = scanned.resolve(f"01{number}")
	assert (found.item_code, found.uom, found.stock_uom) == (code, "Box", "Nos")


@pytest.mark.rule("G1")
def test_a_hibc_label_of_one_code_or_of_two() -> None:
	primary = f"+A123{name('X').replace('-', '')[:12]}1"
	primary += check_character(primary)
	code = device(primary)
	batch = sales.batch(code, 5, name=name("LOT"))
	whole = f"{primary[:-1]}/$${7}{batch}"
	assert scanned.resolve(whole + check_character(whole)).batch_no == batch
	second = f"+$${7}{batch}{primary[-1]}"
	second += check_character(second)
	found = scanned.resolve(second, primary)
	assert (found.item_code, found.batch_no) == (code, batch)
	# Alone it is known by its batch; a batch that is not known needs the other code.
	assert scanned.resolve(second).item_code == code
	other = f"+$$7NOWHERE{primary[-1]}"
	other += check_character(other)
	assert scanned.resolve(other).incomplete and not scanned.resolve(other).item_code
	refused(other, "NOWHERE", primary)
	wrong = f"+$$7{batch}{'A' if primary[-1] != 'A' else 'B'}"
	refused(wrong + check_character(wrong), "not of one label", primary)


@pytest.mark.rule("G1", "G7")
def test_a_serial_number_brings_its_batch_and_does_not_contradict_it(number: str) -> None:
	code = device(number, has_serial_no=1)
	batch = frappe.get_doc({"doctype": "Batch", "batch_id": name(), "item": code}).insert().name
	other = frappe.get_doc({"doctype": "Batch", "batch_id": name(), "item": code}).insert().name
	serial = name("SN")
	sales.received(code, 1, serial_no=serial, batch_no=batch)
	found = scanned.resolve(f"01{number}21{serial}")
	assert (found.item_code, found.serial_no, found.batch_no) == (code, serial, batch)
	assert scanned.resolve(serial).batch_no == batch
	refused(f"01{number}10{other}{FNC1}21{serial}", f"G7.*{batch}.*{other}")


@pytest.mark.rule("G1", "G7")
def test_what_is_not_ours_is_refused_in_words(number: str) -> None:
	code, stranger = device(number), device()
	batch = sales.batch(stranger, 5, name=name())
	refused(f"01{number}10{batch}", f"G7: {code} has no batch {batch}")
	refused(f"01{number}10nowhere", "G7.*nowhere")
	refused(f"01{gtin(7)}10{batch}", "No item has the barcode")
	refused("nothing of ours", "G1: nothing of ours")
	refused("]d20107", "not a complete GS1 code")
	refused("", "Nothing was scanned")
	refused("<img src=x onerror=alert(1)>", "&lt;img")
	serial_item = device(gtin(8), has_batch_no=0, has_serial_no=1)
	refused(f"01{gtin(8)}21unknown", f"{serial_item} has no serial number unknown")


@pytest.mark.rule("G1")
def test_what_differs_is_said_and_does_no_harm(number: str) -> None:
	code = device(number)
	batch = sales.batch(code, 5, expires=700, name=name())
	found = scanned.resolve(f"01{number}1728093010{batch}")
	assert len(found.notes) == 1 and batch in found.notes[0]
	plain = device(gtin(9), has_batch_no=0)
	found = scanned.resolve(f"01{gtin(9)}10<b>7</b>")
	assert (found.item_code, found.batch_no) == (plain, "") and "<b>" not in found.notes[0]


@pytest.mark.rule("G1")
def test_a_name_that_looks_like_a_code_is_a_name() -> None:
	code = device()
	for batch in ("+B7-1", gtin(5), "(7)", f"01{gtin(6)}"):
		sales.batch(code, 1, name=batch)
		assert scanned.resolve(batch).batch_no == batch
	# The database ignores case; a label does not.
	batch = sales.batch(code, 1, name=name().lower())
	refused(batch.upper(), "no barcode, serial number, batch or item")


@pytest.mark.rule("L1")
def test_who_may_not_make_slips_or_see_the_item_learns_nothing(number: str) -> None:
	code, other = device(number), device()
	with as_user(make_user(roles.AUDITOR)), pytest.raises(frappe.PermissionError):
		api.read_code(number)
	user = make_user(roles.SALES_USER)
	frappe.get_doc({"doctype": "User Permission", "user": user, "allow": "Item", "for_value": other}).insert()
	frappe.clear_cache(user=user)
	with as_user(user):
		with pytest.raises(QMSRefusal, match="no barcode"):
			api.read_code(number)
		assert api.read_code(other)["item_code"] == other
	with as_user(make_user(roles.SERVICE)):
		assert api.read_code(number)["item_code"] == code


def test_it_takes_few_queries(number: str) -> None:
	code = device(number)
	batch = sales.batch(code, 5, name=name())
	scanned.resolve(f"01{number}10{batch}")
	with count_queries() as queries:
		scanned.resolve(f"01{number}10{batch}")
	assert queries.count <= 5

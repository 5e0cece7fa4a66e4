"""A password that somebody signs with stands in no log, whatever goes wrong meanwhile (21 CFR 11.300)."""

from __future__ import annotations

import json

import frappe
import pytest

from qms_customer.contract import api
from qms_customer.records import api as records_api
from qms_customer.records import signing
from tests.support import contracts as c
from tests.support.people import as_user, make_user

pytestmark = [pytest.mark.rule("K3"), pytest.mark.usefixtures("isolated")]
SECRET = 'Ge"heim-\\4711-\u5bc6\u7801'


def logged() -> str:
	"""Return what the error log says of the exception that is being handled."""
	frappe.log_error(title="for a test")
	return frappe.get_last_doc("Error Log").error


def test_the_error_log_of_a_signing_that_breaks_shows_no_password() -> None:
	given = json.dumps({"user": "somebody", "password": SECRET, "code": "981273"}, ensure_ascii=False)

	def breaks(signature: str) -> None:
		kwargs = {"signature": signature}
		with signing.pen(kwargs["signature"]):
			held = signing._values(signature)
			raise RuntimeError(f"something else {len(held)}")

	try:
		breaks(given)
	except RuntimeError:
		text = logged()
	assert "something else" in text and "signature" in text
	assert "heim" not in text and "981273" not in text


def test_nor_one_of_a_changed_password() -> None:
	user = make_user("QMS Quality")
	with as_user(user):
		try:
			records_api.change_password(SECRET, SECRET + "2")
		except frappe.ValidationError:
			text = logged()
	assert "change_password" in text and "heim" not in text


def test_other_logs_stay_as_they_are() -> None:
	try:
		api.get_review_panel("no such review " + c.unique("x"))
	except frappe.DoesNotExistError:
		assert "no such review" in logged()

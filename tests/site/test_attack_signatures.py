"""What an attacker and an inspector found about signatures and ledgers: each hole stays closed (K2, K3; 21
CFR 11.10-11.300).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import frappe
import pyotp
import pytest
from frappe import client
from frappe.model.document import Document
from frappe.utils import add_to_date, now_datetime
from frappe.utils.data import sha256_hash
from frappe.utils.password import check_password, update_password

from qms_customer.contract import api
from qms_customer.messages import QMSRefusal
from qms_customer.records import api as records_api
from qms_customer.records import corrections, credentials, history, ledger, verification
from qms_customer.rules import chain
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import env
from tests.support.people import as_user, logged_in, make_user
from tests.support.web import messages

REFUSED = (frappe.ValidationError, frappe.PermissionError)
UPDATE_PASSWORD = "frappe.core.doctype.user.user.update_password"
VERIFY_PASSWORD = "frappe.core.doctype.user.user.verify_password"


def approve(review: Document, **signature: str) -> None:
	api.decide_review(review.name, "Approved", c.shown(review), "/", "", "/", signature={**signature})


def sql(statement: str, *values: Any) -> None:
	"""Do what nobody does in the Desk, and change something by it."""
	frappe.db.sql(statement, values)
	assert frappe.db._cursor.rowcount, statement


def suspended(user: str) -> bool:
	return bool(credentials.of(user).suspended)


# What somebody proves themselves with


@pytest.mark.rule("K3")
@pytest.mark.parametrize(
	"guess",
	[
		(VERIFY_PASSWORD, "password"),
		(VERIFY_PASSWORD.replace(".user.user.", ".user.test_user."), "password"),
		(UPDATE_PASSWORD, "old_password"),
	],
	ids=["verify_password", "by another name", "update_password"],
)
def test_no_other_door_guesses_the_password_that_somebody_signs_with(
	world: c.World, http: Callable[..., Any], guess: tuple[str, str]
) -> None:
	"""11.300(d): at somebody's unlocked screen, Frappe's own functions answer without counting."""
	method, field = guess
	browser = http(world.vp)
	more = {"new_password": "Another-1234!x"} if method == UPDATE_PASSWORD else {}
	for number in range(5):
		answer = browser.call(method, **{field: f"guess {number}"}, **more)
		assert answer.status_code != 200, answer.text
	assert frappe.db.count("Signing Attempt", {"user": world.vp, "reason": "Wrong password"}) == 5
	locked = browser.call(method, **{field: env.PASSWORD}, **more)
	assert locked.status_code != 200 and "locked until" in str(messages(locked)), locked.text
	assert check_password(world.vp, env.PASSWORD)
	state = browser.call("qms_customer.records.api.get_signing_state", http_method="GET")
	assert state.status_code == 200 and state.json()["message"]["locked_until"], state.text


@pytest.mark.rule("K3")
def test_the_right_password_still_opens_what_frappe_asks_it_for(
	world: c.World, http: Callable[..., Any]
) -> None:
	browser = http(world.vp)
	assert browser.call(VERIFY_PASSWORD, password=env.PASSWORD).status_code == 200
	assert frappe.db.count("Signing Attempt", {"user": world.vp}) == 0
	assert http().call(VERIFY_PASSWORD, password=env.PASSWORD).status_code == 200


@pytest.mark.rule("K3")
def test_the_password_that_somebody_else_set_is_not_chosen_again(
	world: c.World, http: Callable[..., Any]
) -> None:
	"""11.200(a)(2): nor is it "chosen" anew by Frappe's own page, with the old one or a false link."""
	world.everybody()
	vp = frappe.get_doc("User", world.vp)
	vp.new_password = "Chosen-by-IT-77!"
	vp.save()
	frappe.db.commit()
	assert suspended(world.vp)
	browser = http(world.vp, "Chosen-by-IT-77!")
	browser.call(UPDATE_PASSWORD, new_password="Chosen-by-IT-77!", key="no such key")
	frappe.db.rollback()
	assert suspended(world.vp)
	browser.call(UPDATE_PASSWORD, new_password="Chosen-by-IT-77!", old_password="Chosen-by-IT-77!")
	frappe.db.rollback()
	assert suspended(world.vp)


@pytest.mark.rule("K3")
def test_an_administrator_makes_no_link_that_is_mailed_to_nobody(world: c.World) -> None:
	"""11.200(a)(2): a key of one's own making would choose the password in the owner's name, unnoticed."""
	world.everybody()
	for user in (make_user("System Manager"), "Administrator"):
		with as_user(user):
			with contextlib.suppress(*REFUSED):
				client.set_value("User", world.vp, "reset_password_key", sha256_hash("mine"))
	assert not frappe.db.get_value("User", world.vp, "reset_password_key")
	# Frappe's own way is as it was.
	frappe.get_doc("User", world.vp).reset_password()
	key = frappe.db.get_value("User", world.vp, "reset_password_key")
	assert key
	client.set_value("User", world.vp, "middle_name", "M.")
	assert frappe.db.get_value("User", world.vp, "reset_password_key") == key


@pytest.mark.rule("K3")
@pytest.mark.parametrize("impersonated_by", ["Administrator", None], ids=["impersonator", "unlocked screen"])
def test_a_form_chooses_no_password_in_the_name_of_its_owner(
	world: c.World, impersonated_by: str | None
) -> None:
	"""11.200(a)(2): it asks for no old one, so whoever sits there sets it; before any signing as well."""
	world.everybody()
	frappe.db.delete(credentials.DOCTYPE, {"name": world.vp})
	with logged_in(world.vp):
		frappe.session.data = frappe._dict(impersonated_by=impersonated_by)
		user = frappe.get_doc("User", world.vp)
		user.new_password = "Chosen-by-IT-77!"
		user.save(ignore_permissions=True)
		frappe.session.data = frappe._dict()
	assert suspended(world.vp)


@pytest.mark.rule("K3")
def test_a_link_that_was_mailed_elsewhere_meanwhile_chooses_no_password(world: c.World) -> None:
	"""11.200(a)(2): rename somebody, take the link from one's own mailbox, and rename them back."""
	world.everybody()
	vp, mine = world.vp, f"elsewhere-{frappe.generate_hash(length=8)}@qms-test.localhost"
	frappe.rename_doc("User", vp, mine, force=True)
	link = frappe.get_doc("User", mine).reset_password()
	# What following the link amounts to.
	update_password(mine, "Chosen-by-IT-77!")
	credentials.establish(mine)
	assert link and not suspended(mine)
	frappe.rename_doc("User", mine, vp, force=True)
	assert suspended(vp)
	assert frappe.db.exists("Notification Log", {"for_user": vp, "subject": ("like", "%suspended%")})


@pytest.mark.rule("K3")
def test_a_code_proves_something_once_however_its_digits_are_written(world: c.World) -> None:
	secret = "JBSWY3DPEHPK3PXP"
	frappe.db.set_default(f"{world.vp}_otpsecret", frappe.utils.password.encrypt(secret), parent="__2fa")
	frappe.db.set_single_value("System Settings", "two_factor_method", "OTP App")
	code = pyotp.TOTP(secret).now()
	assert credentials.check_code(world.vp, f" {code} ")
	for zero in ("\uff10", "\u2080", "\u0660"):
		assert not credentials.check_code(world.vp, "".join(chr(ord(zero) + int(d)) for d in code))
	assert not credentials.check_code(world.vp, code)


@pytest.mark.rule("K3")
def test_the_time_of_a_login_is_not_written_by_hand(world: c.World) -> None:
	"""11.200: a first signing PIN is set right after logging in, and not after saying so."""
	vp = make_user(roles.SALES_VP, password="")
	frappe.db.set_value("User", vp, "last_login", add_to_date(now_datetime(), days=-1))
	with logged_in(vp):
		with contextlib.suppress(*REFUSED):
			client.set_value("User", vp, "last_login", str(now_datetime()))
		with pytest.raises(QMSRefusal, match="log in again"):
			records_api.set_pin("482913")


# Tries


@pytest.mark.rule("K3")
def test_who_swallows_the_refusal_does_not_swallow_the_try(
	world: c.World, committed: Callable[[], None]
) -> None:
	"""11.300(d): a script on the server may call what we offer, go on, and commit."""
	review = c.pending(world)
	committed()
	with logged_in(world.vp):
		with contextlib.suppress(QMSRefusal):
			approve(review, user=world.vp, password="guessed")
		frappe.db.commit()
	assert frappe.db.count("Signing Attempt", {"user": world.vp}) == 1


# Signing something else than was shown


@pytest.mark.rule("K3", "C11")
def test_a_notification_writes_nothing_into_a_record_while_it_is_signed(world: c.World) -> None:
	"""It runs inside the very save of the decision, and would have its value signed with the rest."""
	review = c.start(world, c.order(c.item()))
	wanted = {
		"doctype": "Notification",
		"name": c.unique("notification"),
		"subject": "x",
		"document_type": "Contract Review",
		"event": "Save",
		"channel": "System Notification",
		"message": "x",
		"recipients": [{"receiver_by_document_field": "owner"}],
		"enabled": 1,
		"set_property_after_alert": "approver_role",
		"property_value": roles.SALES_VP,
	}
	with pytest.raises(QMSRefusal, match="K2"):
		frappe.get_doc(wanted).insert()
	made = frappe.get_doc({**wanted, "set_property_after_alert": "", "property_value": ""}).insert()
	# One that was there before the app, or came in another way.
	sql(
		"update tabNotification set set_property_after_alert = 'prepared_by', property_value = %s "
		"where name = %s",
		world.gm,
		made.name,
	)
	frappe.cache.delete_value("notifications")
	frappe.flags.notifications = {}
	c.answer_all(world, review)
	review.reload()
	assert review.prepared_by == world.sales
	c.decide(review, world.vp if review.approver_role == roles.SALES_VP else world.gm, "Returned", "more")
	review.reload()
	assert review.prepared_by == world.sales
	assert verification.verify(review.doctype, review.name).findings == []


# Odd texts


@pytest.mark.rule("K3")
@pytest.mark.parametrize(
	"comment",
	["\x00null", "\ud800lone", "\u202eesrever", "\U0001f44d\U0001f3fd", "x" * 200_000, " ", "a\r\nb\u2028c"],
	ids=["null", "surrogate", "rtl", "emoji", "long", "blank", "lines"],
)
def test_odd_comments_are_signed_or_refused(world: c.World, http: Callable[..., Any], comment: str) -> None:
	review = c.pending(world)
	seen = c.shown(review)
	browser = http(world.vp)
	answer = browser.sign(
		"qms_customer.contract.api.decide_review",
		name=review.name,
		decision="Approved",
		content_hash=seen,
		comment=comment,
		solution="/",
	)
	assert answer.status_code in (200, 417), (answer.status_code, answer.text[-600:])
	frappe.db.rollback()
	assert verification.verify(review.doctype, review.name).findings == []


@pytest.mark.rule("K3")
def test_a_comment_is_no_script_in_the_ledgers_either(world: c.World) -> None:
	"""Frappe cleans what is saved; lists and reports of the Desk show it as it is stored."""
	review = c.pending(world)
	bad = 'Fine <img src=x onerror="alert(1)"><script>alert(2)</script>'
	c.decide(review, world.vp, "Approved", bad)
	with as_user(world.vp):
		corrections.correct(
			review.doctype,
			review.name,
			"decision_comment",
			"Right",
			bad,
			shown=frappe.db.get_value(review.doctype, review.name, "decision_comment"),
		)
	for one in ledger.signatures(review.doctype, review.name):
		assert "onerror" not in one.comment and "<script" not in one.comment, one.comment
	assert "onerror" not in corrections.of(review.doctype, review.name)[0].reason
	assert verification.verify(review.doctype, review.name).findings == []


# Tampering that showed nowhere


@pytest.mark.rule("K2", "K3")
def test_what_the_note_of_a_correction_shows_is_what_was_signed(world: c.World) -> None:
	review = c.approve(world, c.order(c.item(stock=50)))
	with as_user(world.vp):
		corrections.correct(
			review.doctype, review.name, "decision_comment", "Right", "typing error", shown="/"
		)
	note = frappe.db.get_value(corrections.DOCTYPE, {"reference_name": review.name})
	assert verification.verify(review.doctype, review.name).findings == []
	for field, value in (
		("corrected_by_name", "Somebody Else"),
		("corrected_on", "2020-01-01 08:00:00"),
		("sequence", 1),
	):
		frappe.db.savepoint("tamper")
		sql(f"update `tabRecord Correction` set `{field}` = %s where name = %s", value, note)
		kinds = {f.kind for f in verification.verify(review.doctype, review.name).findings}
		assert kinds == {chain.CORRECTION_REMOVED, chain.CORRECTION_STRAY}, field
		frappe.db.rollback(save_point="tamper")


@pytest.mark.rule("K2")
def test_the_state_that_people_see_is_what_was_decided(world: c.World) -> None:
	review = c.decide(c.pending(world), world.vp, "Rejected", "no")
	assert verification.verify(review.doctype, review.name).findings == []
	sql("update `tabContract Review` set workflow_state = 'Approved' where name = %s", review.name)
	found = verification.verify(review.doctype, review.name).findings
	assert [(f.kind, f.name) for f in found] == [(chain.DOCUMENT_CHANGED, review.name)]


@pytest.mark.rule("K3")
def test_a_past_version_shows_the_zone_in_which_it_was_recorded(world: c.World) -> None:
	review = c.pending(world)
	entry = history.entry_of(review.doctype, review.name, 1)
	zone = entry.time_zone
	frappe.db.set_single_value("System Settings", "time_zone", "America/New_York")
	frappe.clear_document_cache("System Settings", "System Settings")
	frappe.local.system_settings = None
	frappe.cache.delete_value("time_zone")
	assert frappe.utils.get_system_timezone() == "America/New_York"
	assert history.entry_of(review.doctype, review.name, 1).time_zone == zone


# Logs


@pytest.mark.rule("K3")
def test_the_recorder_keeps_no_password(world: c.World, http: Callable[..., Any]) -> None:
	"""Administrator switches it on for a while: it keeps what each request carried."""
	review = c.pending(world)
	seen = c.shown(review)
	browser = http(world.vp)
	from frappe import recorder

	recorder.start()
	try:
		browser.sign(
			"qms_customer.contract.api.decide_review",
			name=review.name,
			decision="Approved",
			content_hash=seen,
			comment="/",
			solution="/",
		)
		browser.call("qms_customer.records.api.change_password", old="Not-it-9182", new="Neither-9182")
	finally:
		recorder.stop()
	kept = frappe.cache.hgetall(recorder.RECORDER_REQUEST_HASH)
	text = repr(kept)
	frappe.cache.delete_value([recorder.RECORDER_REQUEST_HASH, recorder.RECORDER_REQUEST_SPARSE_HASH])
	assert "decide_review" in text
	assert env.PASSWORD not in text and "Not-it-9182" not in text and "Neither-9182" not in text

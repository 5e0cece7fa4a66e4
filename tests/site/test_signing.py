"""Who signs, with what, and what becomes of it (K1, K2, K3, C12, L2; 21 CFR 11.50-11.300)."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import frappe
import pyotp
import pytest
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime, nowdate
from frappe.utils.password import update_password

from qms_customer.contract import api
from qms_customer.messages import QMSRefusal
from qms_customer.records import api as records_api
from qms_customer.records import corrections, credentials, ledger, signing, verification
from qms_customer.rules import chain
from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import env
from tests.support.doors import nothing_changes
from tests.support.people import as_user, logged_in, make_user
from tests.support.web import messages


def approve(review: Document, comment: str = "/", **signature: str) -> None:
	api.decide_review(review.name, "Approved", c.shown(review), comment, "", "/", signature={**signature})


def last(doc: Document) -> frappe._dict:
	return ledger.signatures(doc.doctype, doc.name)[-1]


def attempts(user: str) -> int:
	return frappe.db.count("Signing Attempt", {"user": user})


def sound(*documents: Document) -> None:
	for doc in documents:
		assert verification.verify(doc.doctype, doc.name).findings == []
		assert all(s.role for s in ledger.signatures(doc.doctype, doc.name)), "K3: signed as nobody"


# What a signature says


@pytest.mark.rule("K3", "C12")
def test_a_signature_says_who_when_what_and_with_which_meaning(world: c.World) -> None:
	review = c.pending(world)
	seen = c.shown(review)
	c.decide(review, world.vp, comment="As the tender says")
	signed = last(review)
	assert (signed.meaning, signed.signer, signed.role) == ("Approved", world.vp, roles.SALES_VP)
	assert signed.full_name == frappe.db.get_value("User", world.vp, "full_name")
	assert (signed.comment, signed.acting_for, signed.factor) == ("As the tender says", "", "Password")
	assert abs((now_datetime() - signed.signed_on).total_seconds()) < 60
	assert (signed.time_zone, signed.signed_at[-6:]) == ("Asia/Shanghai", "+00:00")
	assert signed.shown_hash == seen
	assert signed.content_hash == chain.sha256(ledger.snapshot(review.doctype, review.name, signed.sequence))
	assert signed.record_version == review.review_version
	opinion = c.opinion(review, "Sales")
	assert (last(opinion).meaning, last(opinion).role) == ("Agreed", roles.SALES_USER)
	sound(review, opinion)


@pytest.mark.rule("K3")
def test_the_bytes_of_attachments_are_signed(world: c.World) -> None:
	review = c.pending(world)
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": "minutes.txt",
			"content": "agreed in the meeting",
			"attached_to_doctype": review.doctype,
			"attached_to_name": review.name,
			"is_private": 1,
		}
	).insert()
	c.decide(review, world.vp)
	(attached,) = frappe.parse_json(last(review).attachments)
	assert attached["file"] == file.name
	assert attached["sha256"] == chain.sha256("agreed in the meeting")


@pytest.mark.rule("K3")
@pytest.mark.parametrize(
	("answer", "meaning"),
	[
		({}, "Agreed"),
		({"answer": "Met with Conditions", "comment": "after calibration"}, "Agreed with Conditions"),
		({"answer": "Not Met", "comment": "no gauge"}, "Objected"),
	],
)
def test_an_opinion_is_signed_with_what_it_says(world: c.World, answer: dict, meaning: str) -> None:
	review = c.start(world, c.order(c.item()))
	opinion = c.answer(world, review, "Quality", **answer)
	assert last(opinion).meaning == meaning
	sound(opinion)


@pytest.mark.rule("K3", "C11")
def test_overruling_has_a_meaning_of_its_own(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	c.answer(world, review, "Quality", answer="Not Met", comment="no gauge")
	c.answer_all(world, review)
	c.decide(review.reload(), world.gm, overrule_reason="a customer's gauge is lent")
	signed = last(review)
	assert signed.meaning == "Approved, Objections Overruled"
	assert "a customer's gauge is lent" in signed.comment


# With what a person signs


@pytest.mark.rule("K3", "C12")
def test_nothing_moves_without_a_signature(world: c.World, http: Callable[..., Any]) -> None:
	review = c.pending(world)
	seen = c.shown(review)
	with logged_in(world.vp), nothing_changes(review), pytest.raises(QMSRefusal, match="K3: This is signed"):
		api.decide_review(review.name, "Approved", seen, "/", "", "/")
	browser = http(world.vp)
	for signature in (None, "", "no json", "[]", "{}", {"user": world.vp}, {"password": ""}):
		answer = browser.call(
			"qms_customer.contract.api.decide_review",
			name=review.name,
			decision="Approved",
			content_hash=seen,
			comment="/",
			signature=signature,
		)
		assert answer.status_code == 417 and "K3: This is signed" in messages(answer)[-1]
	frappe.db.rollback()
	assert frappe.db.get_value(review.doctype, review.name, "docstatus") == 0


@pytest.mark.rule("K3")
def test_the_user_id_at_the_first_signing_then_the_password_alone(world: c.World) -> None:
	"""11.200(a)(1): both components at the first signing of a session and after a pause."""
	first, second, third = c.pending(world), c.pending(world), c.pending(world)
	with logged_in(world.vp):
		assert signing.state() == {
			"user": world.vp,
			"first": 1,
			"method": "Password",
			"code": 0,
			"sends_code": 0,
			"suspended": "",
			"locked_until": "",
		}
		with pytest.raises(QMSRefusal, match="K3: At the first signing"):
			approve(first, password=env.PASSWORD)
		with pytest.raises(QMSRefusal, match="K3: At the first signing"):
			approve(first, password=env.PASSWORD, user=world.gm)
		approve(first, password=env.PASSWORD, user=world.vp)
		assert signing.state()["first"] == 0
		approve(second, password=env.PASSWORD)
		with pytest.raises(QMSRefusal, match="asks for your password"):
			approve(third, password="")
	with logged_in(world.vp, "another browser"), pytest.raises(QMSRefusal, match="K3: At the first signing"):
		approve(third, password=env.PASSWORD)
	frappe.db.set_value(
		ledger.SIGNATURE, {"signer": world.vp}, "creation", frappe.utils.add_to_date(now_datetime(), hours=-1)
	)
	with logged_in(world.vp), pytest.raises(QMSRefusal, match="K3: At the first signing"):
		approve(third, password=env.PASSWORD)


@pytest.mark.rule("K3")
def test_wrong_tries_are_counted_and_lock_signing_but_not_the_session(
	world: c.World, http: Callable[..., Any]
) -> None:
	review = c.pending(world)
	seen = c.shown(review)
	browser = http(world.vp)

	def try_with(password: str, http_user: str = "") -> Any:
		return browser.call(
			"qms_customer.contract.api.decide_review",
			name=review.name,
			decision="Approved",
			content_hash=seen,
			comment="/",
			solution="/",
			signature={"user": http_user or world.vp, "password": password},
		)

	for number in range(1, 6):
		answer = try_with("wrong")
		assert answer.status_code == 417, answer.text
		assert "not right" in messages(answer)[-1]
		frappe.db.rollback()
		assert attempts(world.vp) == number
	answer = try_with(env.PASSWORD)
	assert answer.status_code == 417 and "locked until" in messages(answer)[-1]
	frappe.db.rollback()
	assert frappe.db.get_value(review.doctype, review.name, "docstatus") == 0
	# The session lives on, and so does everybody else's signing.
	assert browser.get(f"/api/resource/Contract Review/{review.name}").status_code == 200
	assert browser.call("qms_customer.records.api.get_signing_state").json()["message"]["locked_until"]
	frappe.db.set_value(
		"Signing Attempt",
		{"user": world.vp},
		"creation",
		frappe.utils.add_to_date(now_datetime(), hours=-1),
	)
	frappe.db.commit()
	assert try_with(env.PASSWORD).status_code == 200
	frappe.db.rollback()
	sound(review.reload())


@pytest.mark.rule("K3", "C9")
def test_neither_an_api_key_nor_an_impersonator_signs(world: c.World, http: Callable[..., Any]) -> None:
	review = c.pending(world)
	seen = c.shown(review)
	arguments = {
		"name": review.name,
		"decision": "Approved",
		"content_hash": seen,
		"comment": "/",
		"solution": "/",
		"signature": {"user": world.vp, "password": env.PASSWORD},
	}
	vp = frappe.get_doc("User", world.vp)
	vp.api_key, vp.api_secret = frappe.generate_hash(length=15), "an-api-secret"
	vp.save()
	program = http("Guest")
	program.headers["Authorization"] = f"token {vp.api_key}:an-api-secret"
	answer = program.call("qms_customer.contract.api.decide_review", **arguments)
	assert answer.status_code in (403, 417) and "Approved" not in answer.text
	administrator = http("Administrator")
	administrator.call("frappe.core.doctype.user.user.impersonate", user=world.vp, reason="a test")
	answer = administrator.call("qms_customer.contract.api.decide_review", **arguments)
	assert answer.status_code in (403, 417), answer.text
	guest = http("Guest").call("qms_customer.contract.api.decide_review", **arguments)
	assert guest.status_code == 403
	frappe.db.rollback()
	assert frappe.db.get_value(review.doctype, review.name, "docstatus") == 0


@pytest.mark.rule("K3", "C12")
@pytest.mark.parametrize("who", ["Administrator", "Guest"])
def test_an_account_of_nobody_does_not_sign(world: c.World, who: str) -> None:
	review = c.pending(world)
	with logged_in(who), nothing_changes(review):
		with pytest.raises((QMSRefusal, frappe.PermissionError)):
			approve(review, user=who, password=env.PASSWORD)
		with pytest.raises(frappe.PermissionError):
			records_api.get_signing_state()


# Whose password it is


@pytest.mark.rule("K3")
def test_a_password_set_by_somebody_else_suspends_signing(world: c.World) -> None:
	"""11.300: after an administrator's reset the person chooses another one first, and is told."""
	review = c.pending(world)
	vp = frappe.get_doc("User", world.vp)
	vp.new_password = "Chosen-by-IT-77"
	vp.save()
	assert frappe.db.get_value("Signing Credential", world.vp, "status") == "Suspended"
	assert frappe.db.exists("Notification Log", {"for_user": world.vp, "subject": ("like", "%suspended%")})
	with logged_in(world.vp):
		assert "set by somebody else" in signing.state()["suspended"]
		with pytest.raises(QMSRefusal, match="K3: Your password was set by somebody else"):
			approve(review, user=world.vp, password="Chosen-by-IT-77")
		with pytest.raises(QMSRefusal, match="up to now is not right"):
			records_api.change_password("guessed", "My-own-1234")
		with pytest.raises(QMSRefusal, match="another password"):
			records_api.change_password("Chosen-by-IT-77", "Chosen-by-IT-77")
		records_api.change_password("Chosen-by-IT-77", "My-own-1234")
		assert signing.state()["suspended"] == ""
		approve(review, user=world.vp, password="My-own-1234")
	sound(review.reload())


@pytest.mark.rule("K3")
def test_a_password_changed_behind_the_application_suspends_signing(world: c.World) -> None:
	review = c.pending(world)
	update_password(world.vp, "By-the-console-1")
	with logged_in(world.vp), pytest.raises(QMSRefusal, match="set by somebody else"):
		approve(review, user=world.vp, password="By-the-console-1")


@pytest.mark.rule("K3")
def test_a_persons_own_change_of_password_goes_on_signing(world: c.World, http: Callable[..., Any]) -> None:
	review = c.pending(world)
	seen = c.shown(review)
	browser = http(world.vp)
	changed = browser.call(
		"frappe.core.doctype.user.user.update_password",
		new_password="My-own-4567!x",
		old_password=env.PASSWORD,
		logout_all_sessions=0,
	)
	assert changed.status_code == 200, changed.text
	browser = http(world.vp, "My-own-4567!x")
	answer = browser.call(
		"qms_customer.contract.api.decide_review",
		name=review.name,
		decision="Approved",
		content_hash=seen,
		comment="/",
		solution="/",
		signature={"user": world.vp, "password": "My-own-4567!x"},
	)
	assert answer.status_code == 200, answer.text


@pytest.mark.rule("K3")
def test_who_logs_in_elsewhere_signs_with_a_pin_of_their_own(world: c.World) -> None:
	"""Single sign-on: no password here. The PIN is stored as Frappe stores passwords."""
	vp = make_user(roles.SALES_VP, password="")
	review = c.pending(world)
	with logged_in(vp):
		assert (signing.state()["method"], bool(signing.state()["suspended"])) == ("Signing PIN", True)
		with pytest.raises(QMSRefusal, match="set a signing PIN first"):
			approve(review, user=vp, password="482913")
		with pytest.raises(QMSRefusal, match="at least 6"):
			records_api.set_pin("111111")
		with pytest.raises(QMSRefusal, match="log in again"):
			records_api.set_pin("482913")
		frappe.db.set_value("User", vp, "last_login", now_datetime())
		records_api.set_pin("482913")
		with pytest.raises(QMSRefusal, match="not right"):
			records_api.set_pin("771122", "000000")
		with pytest.raises(QMSRefusal, match="not right"):
			approve(review, user=vp, password="482914")
		approve(review, user=vp, password="482913")
	assert last(review).factor == "Signing PIN"
	stored = credentials.of(vp).pin
	assert stored.startswith("$pbkdf2") and "482913" not in stored


@pytest.mark.rule("K3")
def test_a_forgotten_pin_is_cleared_by_another_and_set_anew_by_its_owner(world: c.World) -> None:
	"""11.300(c). Whoever clears it learns nothing, and cannot sign with it."""
	vp, admin = make_user(roles.SALES_VP, password=""), make_user("System Manager")
	review = c.pending(world)
	with logged_in(vp):
		frappe.db.set_value("User", vp, "last_login", now_datetime())
		records_api.set_pin("482913")
		with pytest.raises(frappe.PermissionError):
			records_api.clear_pin(vp)
	with logged_in(admin):
		with pytest.raises(QMSRefusal, match="has no signing PIN"):
			records_api.clear_pin(world.vp)
		with pytest.raises(QMSRefusal, match="by another administrator"):
			records_api.clear_pin(admin)
		records_api.clear_pin(vp)
	assert frappe.db.get_value("Signing Credential", vp, "status") == "Suspended"
	assert frappe.db.exists("Notification Log", {"for_user": vp, "subject": ("like", "%PIN was cleared%")})
	with logged_in(vp):
		with pytest.raises(QMSRefusal, match="set a signing PIN first"):
			approve(review, user=vp, password="482913")
		frappe.db.set_value("User", vp, "last_login", "2026-01-01")
		with pytest.raises(QMSRefusal, match="log in again"):
			records_api.set_pin("482913")
		frappe.db.set_value("User", vp, "last_login", now_datetime())
		records_api.set_pin("593024")
		assert signing.state()["suspended"] == ""


@pytest.mark.rule("K3")
def test_whoever_answers_for_logins_and_records_hears_of_a_lock(
	world: c.World, committed: Callable[[], None]
) -> None:
	"""11.300(d): at once, and once."""
	admin, representative = make_user("System Manager"), make_user(roles.MANAGEMENT_REPRESENTATIVE)
	review = c.pending(world)
	committed()

	def try_in_vain(times: int) -> None:
		for _number in range(times):
			frappe.db.rollback()
			with logged_in(world.vp), pytest.raises(QMSRefusal):
				approve(review, user=world.vp, password="wrong")
		frappe.db.rollback()

	try_in_vain(5)
	heard = {"document_type": "User", "document_name": world.vp, "subject": ("like", "%is locked until%")}
	for user in (admin, representative, world.vp):
		assert frappe.db.count("Notification Log", {**heard, "for_user": user}) == 1, user
	committed()
	try_in_vain(2)
	assert frappe.db.count("Notification Log", {**heard, "for_user": admin}) == 1


@pytest.mark.rule("K3")
def test_the_second_factor_of_the_login_is_asked_for(world: c.World) -> None:
	first, second, third = c.pending(world), c.pending(world), c.pending(world)
	frappe.db.set_single_value("System Settings", "enable_two_factor_auth", 1)
	frappe.db.set_single_value("System Settings", "two_factor_method", "OTP App")
	frappe.db.set_value("Role", roles.SALES_VP, "two_factor_auth", 1)
	frappe.clear_document_cache("System Settings", "System Settings")
	secret = "JBSWY3DPEHPK3PXP"
	frappe.db.set_default(f"{world.vp}_otpsecret", frappe.utils.password.encrypt(secret), parent="__2fa")
	code = pyotp.TOTP(secret).now()
	wrong = f"{(int(code) + 1) % 1000000:06}"
	with logged_in(world.vp):
		assert signing.state()["code"] == 1
		for given in ({}, {"code": wrong}, {"code": "x"}):
			with pytest.raises(QMSRefusal, match="second factor"):
				approve(first, user=world.vp, password=env.PASSWORD, **given)
		approve(first, user=world.vp, password=env.PASSWORD, code=code)
		assert signing.state()["code"] == 0
		approve(second, password=env.PASSWORD)
	assert last(first).factor == "Password + code"
	with logged_in(world.vp, "another"), pytest.raises(QMSRefusal, match="second factor"):
		# A code proves something once.
		approve(third, user=world.vp, password=env.PASSWORD, code=code)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Callable[[str, str], None]]:
	"""An LDAP server on loopback; call it to add a person with a password."""
	slapd = shutil.which("slapd", path="/usr/sbin:/usr/bin")
	if not slapd:
		pytest.skip("no slapd")
	with socket.socket() as free:
		free.bind(("127.0.0.1", 0))
		port = free.getsockname()[1]
	(tmp_path / "data").mkdir()
	people = tmp_path / "people.ldif"
	(tmp_path / "slapd.conf").write_text(
		"include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n"
		"include /etc/ldap/schema/inetorgperson.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
		f"pidfile {tmp_path}/pid\ndatabase mdb\nsuffix dc=test\nrootdn cn=admin,dc=test\nrootpw secret\n"
		f"directory {tmp_path}/data\nmaxsize 10485760\n"
	)
	people.write_text(
		"dn: dc=test\nobjectClass: dcObject\nobjectClass: organization\no: Test\ndc: test\n\n"
		"dn: ou=people,dc=test\nobjectClass: organizationalUnit\nou: people\n\n"
	)
	subprocess.run(
		["/usr/sbin/slapadd", "-f", tmp_path / "slapd.conf", "-l", people], check=True, capture_output=True
	)
	server = subprocess.Popen(
		[slapd, "-f", tmp_path / "slapd.conf", "-h", f"ldap://127.0.0.1:{port}", "-d", "0"],
		stdout=subprocess.DEVNULL,
		stderr=subprocess.DEVNULL,
	)
	try:
		for _ in range(100):
			with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
				break
			time.sleep(0.1)

		def add(email: str, password: str) -> None:
			import ldap3

			with ldap3.Connection(
				ldap3.Server(f"ldap://127.0.0.1:{port}"), "cn=admin,dc=test", "secret", auto_bind=True
			) as connection:
				connection.add(
					f"uid={email},ou=people,dc=test",
					"inetOrgPerson",
					{"cn": "X", "sn": "Y", "mail": email, "uid": email, "userPassword": password},
				)
			settings = frappe.get_doc("LDAP Settings")
			settings.update(
				{
					"enabled": 1,
					"ldap_server_url": f"ldap://127.0.0.1:{port}",
					"base_dn": "cn=admin,dc=test",
					"password": "secret",
					"ldap_directory_server": "OpenLDAP",
					"ldap_search_path_user": "ou=people,dc=test",
					"ldap_search_path_group": "ou=people,dc=test",
					"ldap_search_string": "(uid={0})",
					"ldap_email_field": "mail",
					"ldap_username_field": "uid",
					"ldap_first_name_field": "cn",
					"default_user_type": "System User",
					"default_role": "System Manager",
				}
			)
			settings.save()

		yield add
	finally:
		server.terminate()
		server.wait()


@pytest.mark.rule("K3")
def test_who_logs_in_by_ldap_signs_with_the_directorys_password(
	world: c.World, directory: Callable[[str, str], None]
) -> None:
	vp = make_user(roles.SALES_VP, password="")
	frappe.db.set_value("User", vp, "username", vp)
	review = c.pending(world)
	directory(vp, "of-the-directory")
	before = frappe.get_roles(vp)
	with logged_in(vp):
		assert signing.state()["method"] == "LDAP"
		for wrong in ("wrong", " "):
			with pytest.raises(QMSRefusal, match="not right"):
				approve(review, user=vp, password=wrong)
		approve(review, user=vp, password="of-the-directory")
	assert last(review).factor == "LDAP"
	# Signing is no login: the directory's groups do not change the user's roles here.
	assert frappe.get_roles(vp) == before


# Complete, corrected, delegated, set


@pytest.mark.rule("K1")
def test_what_is_not_filled_in_is_named_at_once_and_nothing_is_signed(world: c.World) -> None:
	review = c.start(world, c.order(c.item(with_standard=False)))
	c.answer_all(world, review)
	review.reload()
	with as_user(world.gm), nothing_changes_after_rollback(review):
		with pytest.raises(QMSRefusal) as refusal:
			api.decide_review(review.name, "Approved", c.shown(review), "", "", "")
	text = str(refusal.value)
	assert "Solution / Countermeasure" in text and "Comment" in text
	assert 'data-fieldname="solution"' in text
	# Neither the general manager's "/" nor anything else is put there by the system.
	with as_user(world.gm):
		api.decide_review(review.name, "Approved", c.shown(review), "/", "", "/")
	assert frappe.db.get_value(review.doctype, review.name, ["decision_comment", "solution"]) == ("/", "/")
	opinion = c.opinion(c.start(world, c.order(c.item(stock=9))), "Sales")
	rows = [{"name": a.name, "answer": "Met"} for a in opinion.answers]
	with as_user(world.second_sales()), nothing_changes_after_rollback(opinion):
		with pytest.raises(QMSRefusal, match="K1"):
			api.give_opinion(opinion.name, api.get_opinion_panel(opinion.name)["hash"], rows, " ")


@contextlib.contextmanager
def nothing_changes_after_rollback(doc: Document) -> Iterator[None]:
	"""The request is one transaction: what it wrote before the refusal goes with it."""
	frappe.db.savepoint("request")
	with nothing_changes(doc):
		yield
		frappe.db.rollback(save_point="request")


@pytest.mark.rule("K2")
def test_a_correction_keeps_the_old_value_legible(world: c.World) -> None:
	review = c.pending(world)
	c.decide(review, world.vp, comment="As the tendr says")
	with as_user(world.vp):
		offered = records_api.get_record(review.doctype, review.name)["correctable"]
		assert {"decision_comment", "solution"} <= {o["field"] for o in offered}
		records_api.correct(
			review.doctype,
			review.name,
			"decision_comment",
			"As the tender says",
			"spelling",
			None,
			shown="As the tendr says",
		)
		html = records_api.get_record(review.doctype, review.name)["html"]
	assert "<del>As the tendr says</del> → <ins>As the tender says</ins>" in html
	assert "spelling" in html and frappe.utils.get_fullname(world.vp) in html
	assert last(review).meaning == "Corrected"
	assert frappe.db.get_value(review.doctype, review.name, "decision_comment") == "As the tender says"
	sound(review)


@pytest.mark.rule("K2", "C13")
def test_what_decides_something_is_not_corrected(world: c.World) -> None:
	review = c.pending(world)
	c.decide(review, world.vp)
	for user, field, value, reason, why in (
		(world.vp, "decision", "Rejected", "slip", "decides something"),
		(world.vp, "contract_class", "Non-routine", "slip", "decides something"),
		(world.vp, "quantity", "7", "slip", "decides something"),
		(world.vp, "decision_comment", "x", " ", "Say why"),
		(world.vp, "decision_comment", "x", "/", "Say why"),
		(world.vp, "decision_comment", "", "slip", "right value"),
		(world.person(roles.PURCHASING), "decision_comment", "x", "slip", "somebody who signed"),
	):
		with as_user(user), nothing_changes(review), pytest.raises(QMSRefusal, match=why):
			corrections.correct(review.doctype, review.name, field, value, reason, shown="/")
	with as_user(world.vp), nothing_changes(review), pytest.raises(QMSRefusal, match="since it was shown"):
		corrections.correct(review.doctype, review.name, "decision_comment", "x", "slip", shown="other")
	with logged_in(world.vp), nothing_changes(review), pytest.raises(QMSRefusal, match="K3"):
		corrections.correct(review.doctype, review.name, "decision_comment", "x", "slip", shown="/")
	other = c.pending(world)
	with as_user(world.vp), pytest.raises(QMSRefusal, match="not signed yet"):
		corrections.correct(other.doctype, other.name, "solution", "x", "slip")


@pytest.mark.rule("K2")
def test_past_versions_are_shown_and_compared(world: c.World) -> None:
	review = c.pending(world)
	c.decide(review, world.vp, comment="one")
	with as_user(world.vp):
		corrections.correct(review.doctype, review.name, "decision_comment", "two", "slip", shown="one")
		versions = records_api.get_record(review.doctype, review.name)["versions"]
		numbers = [v["sequence"] for v in versions]
		assert numbers == sorted(numbers, reverse=True) and len(numbers) >= 3
		shown = records_api.get_version(review.doctype, review.name, numbers[1])["html"]
		assert "one" in shown and "two" not in shown
		compared = records_api.compare_versions(review.doctype, review.name, numbers[1], numbers[0])["html"]
		assert "<del>one</del>" in compared and "two" in compared
		with pytest.raises(QMSRefusal, match="no version"):
			records_api.get_version(review.doctype, review.name, 99)
	with as_user(make_user("Stock User")), pytest.raises(frappe.PermissionError):
		records_api.get_version(review.doctype, review.name, numbers[0])


@pytest.mark.rule("L2", "K3")
def test_a_delegation_is_signed_and_taken_back_signed(world: c.World) -> None:
	values = {
		"doctype": "Approval Delegation",
		"role": roles.SALES_VP,
		"delegate": make_user(roles.SERVICE),
		"from_date": nowdate(),
		"to_date": add_days(nowdate(), 5),
		"reason": "travel",
	}
	with as_user(world.vp):
		doc = frappe.get_doc(values).insert()
	with logged_in(world.vp):
		for attempt in (
			doc.submit,
			lambda: records_api.save_signed(doc.reload().as_dict(), {"password": "wrong"}, 1),
			lambda: frappe.client.submit(frappe.as_json(doc.reload().as_dict())),
		):
			doc.reload()
			with nothing_changes(doc), pytest.raises(QMSRefusal, match="K3"):
				attempt()
		doc.reload()
		typed = {"user": world.vp, "password": env.PASSWORD}
		records_api.save_signed(frappe.as_json(doc.as_dict()), typed, 1)
	doc.reload()
	assert (doc.docstatus, last(doc).meaning, last(doc).role) == (1, "Delegated", roles.SALES_VP)
	with logged_in(world.vp):
		with pytest.raises(QMSRefusal, match="K3"):
			frappe.get_doc(doc.doctype, doc.name).cancel()
		records_api.cancel_signed(doc.doctype, doc.name, {"user": world.vp, "password": env.PASSWORD})
	assert last(doc).meaning == "Taken Back"
	sound(doc)


@pytest.mark.rule("K3", "C9")
def test_settings_change_by_a_persons_signature_only() -> None:
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"large_amount": 400000, "change_reason": "decided by the board"})
	with nothing_changes_in_settings(), pytest.raises(QMSRefusal, match="K3"):
		settings.save()
	representative = make_user(roles.MANAGEMENT_REPRESENTATIVE)
	settings = frappe.get_doc("QMS Customer Settings")
	settings.update({"large_amount": 400000, "change_reason": "decided by the board"})
	with logged_in(representative):
		records_api.save_signed(
			frappe.as_json(settings.as_dict()), {"user": representative, "password": env.PASSWORD}
		)
	signed = last(settings)
	assert (signed.meaning, signed.signer, signed.comment) == (
		"Settings Changed",
		representative,
		"decided by the board",
	)
	sound(settings)


@contextlib.contextmanager
def nothing_changes_in_settings() -> Iterator[None]:
	before = frappe.db.get_singles_dict("QMS Customer Settings")
	yield
	assert frappe.db.get_singles_dict("QMS Customer Settings") == before


@pytest.mark.rule("C10", "K3")
def test_actions_are_signed_by_owner_and_verifier(world: c.World) -> None:
	review = c.start(world, c.order(c.item()))
	c.answer(
		world, review, "Quality", answer="Met with Conditions", comment="calibrate", action_blocks="Delivery"
	)
	name = frappe.get_last_doc("Review Action").name
	action = frappe.get_doc("Review Action", name)
	with logged_in(action.action_owner), nothing_changes(action), pytest.raises(QMSRefusal, match="K3"):
		api.complete_action(name, "calibrated")
	with as_user(action.action_owner):
		api.complete_action(name, "calibrated")
	with as_user(action.verifier):
		api.verify_action(name, 1, "seen the certificate")
	assert [s.meaning for s in ledger.signatures("Review Action", name)] == ["Reported Done", "Verified"]
	sound(action)

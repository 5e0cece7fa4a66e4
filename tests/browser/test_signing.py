"""Signing on the screen: what the dialog asks for, what it keeps after a refusal, and the way out when it is
closed to somebody; corrections, versions, and several decisions at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest
from playwright.sync_api import expect

from qms_customer.rules import people as roles
from tests.support import contracts as c
from tests.support import env
from tests.support.hands import Hands

if TYPE_CHECKING:
	from frappe.model.document import Document

	from tests.support.browser import DeskPage

Desk = Callable[..., "DeskPage"]
SCREENS = pytest.mark.parametrize(
	("lang", "phone"), [("en", False), ("en", True), ("zh", True)], ids=["desktop", "phone", "zh-phone"]
)


def pending(cast: c.World, doc: Document | None = None) -> Document:
	"""Return a review with all opinions in, waiting for its decision."""
	return c.pending(cast, doc or c.order("IP-200", customer=c.customer()))


def now(doc: Document) -> Document:
	"""Return the document as the web server left it."""
	frappe.db.rollback()
	return doc.reload()


def signatures(doc: Document) -> list[frappe._dict]:
	"""Return the signatures of a record, oldest first."""
	frappe.db.rollback()
	return frappe.get_all(
		"Electronic Signature",
		filters={"reference_doctype": doc.doctype, "reference_name": doc.name},
		fields=["meaning", "full_name", "signer", "role", "comment", "factor", "session"],
		order_by="sequence",
	)


def asked_for(hands: Hands) -> list[str]:
	"""Return what the signature in the dialog asks for."""
	return [name for name in ("qms_user", "qms_password", "qms_code") if hands.field(name).count()]


def test_what_is_typed_stays_when_the_dialog_is_drawn_anew(desk: Desk, cast: c.World) -> None:
	"""The user id has the fields of the dialog drawn again while the password is typed."""
	review = c.start(cast, c.order("IP-200", customer=c.customer()))
	opinion = c.opinion(review, "R&D")
	rnd = Hands(desk(cast.person(roles.RND))).open("Contract Review Opinion", opinion.name)
	rnd.action("Submit Opinion")
	page = rnd.page
	for fieldname in ("qms_user", "qms_password"):
		rnd.field(fieldname, rnd.dialog).locator("input").click()
		page.keyboard.insert_text("half")
		page.evaluate("() => cur_dialog.refresh_dependency()")
		assert rnd.value(fieldname, rnd.dialog) == "half"


@pytest.mark.rule("K3", "C9")
@SCREENS
def test_the_first_signing_asks_for_user_id_and_password_the_next_for_the_password(
	desk: Desk, cast: c.World, lang: str, phone: bool
) -> None:
	first, second = pending(cast), pending(cast)
	vp = Hands(desk(cast.vp, lang=lang, phone=phone)).open("Contract Review", first.name)
	vp.action("Approve")
	vp.sees(vp.say("Approved"), vp.say(roles.SALES_VP), where=".qms-meaning")
	vp.sees("Sun Hong", where=".qms-signing")
	assert asked_for(vp) == ["qms_user", "qms_password"]
	box = vp.field("qms_password").locator("input")
	assert box.get_attribute("type") == "password" and box.get_attribute("autocomplete") == "new-password"
	vp.slash("comment")
	vp.page.shot("1-first")
	vp.sign()
	vp.sees("Sun Hong", vp.say("Approved"), where=".qms-record")
	vp.page.shot("2-signed", full_page=True)
	vp.open("Contract Review", second.name)
	vp.action("Approve")
	assert asked_for(vp) == ["qms_password"]
	vp.slash("comment")
	vp.page.shot("3-next")
	vp.sign()
	given = signatures(first)[-1], signatures(second)[-1]
	assert {(s.meaning, s.full_name, s.role, s.comment) for s in given} == {
		("Approved", "Sun Hong", roles.SALES_VP, "/")
	}
	assert len({s.session for s in given}) == 1


@pytest.mark.rule("K3")
@SCREENS
def test_a_wrong_password_ends_neither_the_session_nor_what_was_typed(
	desk: Desk, cast: c.World, lang: str, phone: bool
) -> None:
	review = pending(cast)
	vp = Hands(desk(cast.vp, lang=lang, phone=phone)).open("Contract Review", review.name)
	vp.action("Reject")
	vp.fill(vp.dialog, comment="the customer does not pay")
	vp.give_signature("wrong")
	vp.refused("K3")
	vp.page.shot("refused")
	vp.close_message()
	expect(vp.field("qms_password", vp.dialog).locator("input")).to_be_focused()
	assert vp.value("qms_password", vp.dialog) == ""
	assert vp.value("comment", vp.dialog) == "the customer does not pay"
	assert vp.value("qms_user", vp.dialog) == cast.vp
	assert not signatures(review) and now(review).docstatus == 0
	assert frappe.get_all("Signing Attempt", {"user": cast.vp}, pluck="reason") == ["Wrong password"]
	# A dialog that closes takes its password along.
	vp.fill(vp.dialog, qms_password=env.PASSWORD)
	vp.dialog.locator(".btn-modal-close").click()
	expect(vp.page.locator(".qms-dialog.show")).to_have_count(0)
	expect(vp.page.locator('.qms-signing [data-fieldname="qms_password"] input').last).to_have_value("")
	vp.action("Reject")
	vp.fill(vp.dialog, comment="the customer does not pay")
	# Enter in the password signs.
	vp.give_signature()
	vp.field("qms_password", vp.dialog).locator("input").press("Enter")
	expect(vp.page.locator(".qms-dialog.show")).to_have_count(0)
	vp.page.settle()
	assert now(review).decision == "Rejected"


@pytest.mark.rule("K3")
def test_signing_is_locked_after_too_many_wrong_tries_and_nothing_else_is(desk: Desk, cast: c.World) -> None:
	frappe.db.set_single_value("QMS Customer Settings", "signing_attempts", 2)
	review = pending(cast)
	vp = Hands(desk(cast.vp, phone=True)).open("Contract Review", review.name)
	vp.action("Approve")
	vp.fill(vp.dialog, comment="typed once")
	for _ in range(2):
		vp.give_signature("wrong")
		vp.refused("K3")
		vp.close_message()
	vp.sees("Signing is locked until", where=".qms-signing")
	assert asked_for(vp) == [] and vp.value("comment", vp.dialog) == "typed once"
	expect(vp.dialog.locator(".btn-modal-primary")).to_be_disabled()
	vp.page.shot("locked")
	# The time goes by; what was typed is still there.
	frappe.db.rollback()
	frappe.db.delete("Signing Attempt", {"user": cast.vp})
	frappe.db.commit()
	vp.find('.qms-signing [data-way="again"]').click()
	vp.page.settle()
	vp.sign()
	assert now(review).decision_comment == "typed once"


@pytest.mark.rule("K3")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_who_was_given_a_password_chooses_one_and_then_signs(desk: Desk, cast: c.World, lang: str) -> None:
	review = pending(cast)
	given, chosen = "Given-by-others-4712", "Chosen-by-myself-4713"
	user = frappe.get_doc("User", cast.vp)
	user.new_password = given
	user.save()
	vp = Hands(desk(cast.vp, lang=lang, password=given)).open("Contract Review", review.name)
	vp.action("Approve")
	vp.slash("comment")
	assert asked_for(vp) == []
	expect(vp.dialog.locator(".btn-modal-primary")).to_be_disabled()
	vp.page.shot("1-suspended")
	vp.find('.qms-signing [data-way="password"]').click()
	vp.fill(vp.dialog, old="not this one", new=chosen, again=chosen)
	vp.refused("K3")
	vp.close_message()
	vp.fill(vp.dialog, old=given, new=chosen, again=chosen)
	vp.page.shot("2-change")
	vp.dialog.locator(".btn-modal-primary").click()
	expect(vp.field("qms_password").locator("input")).to_be_visible()
	assert asked_for(vp) == ["qms_user", "qms_password"]
	assert vp.value("comment", vp.dialog) == "/"
	vp.sign(chosen)
	assert now(review).decision == "Approved"


@pytest.mark.rule("K3")
def test_the_second_factor_is_asked_for_at_the_first_signing(desk: Desk, cast: c.World) -> None:
	import pyotp
	from frappe.twofactor import get_otpsecret_for_

	review = pending(cast)
	vp = Hands(desk(cast.vp)).open("Contract Review", review.name)
	system = {"enable_two_factor_auth": 1, "two_factor_method": "OTP App"}
	frappe.db.rollback()
	frappe.db.set_single_value("System Settings", system)
	frappe.db.set_value("Role", "System Manager", "two_factor_auth", 0)
	frappe.db.set_value("Role", roles.SALES_VP, "two_factor_auth", 1)
	frappe.clear_cache()
	secret = get_otpsecret_for_(cast.vp)
	frappe.db.commit()
	vp.action("Approve")
	vp.slash("comment")
	assert asked_for(vp) == ["qms_user", "qms_password", "qms_code"]
	# An application shows the code: none is sent.
	assert not vp.find('.qms-signing [data-way="code"]').count()
	vp.fill(vp.dialog, qms_code="000000")
	vp.give_signature()
	vp.refused("K3")
	vp.close_message()
	vp.page.shot("code")
	vp.fill(vp.dialog, qms_code=pyotp.TOTP(secret).now())
	vp.sign()
	assert signatures(review)[-1].factor == "Password + code"


@pytest.mark.rule("K3")
def test_a_code_that_is_sent_is_sent_from_the_dialog(desk: Desk, cast: c.World) -> None:
	review = pending(cast)
	vp = Hands(desk(cast.vp, phone=True)).open("Contract Review", review.name)
	frappe.db.rollback()
	frappe.db.set_single_value("System Settings", {"enable_two_factor_auth": 1, "two_factor_method": "Email"})
	frappe.db.set_value("Role", roles.SALES_VP, "two_factor_auth", 1)
	frappe.clear_cache()
	frappe.db.commit()
	vp.action("Approve")
	expect(vp.find('.qms-signing [data-way="code"]')).to_be_visible()
	vp.page.shot("send-code")


@pytest.mark.rule("K1")
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_a_message_names_what_is_missing_and_jumps_to_it(desk: Desk, cast: c.World, phone: bool) -> None:
	review = pending(cast)
	vp = Hands(desk(cast.vp, phone=phone)).open("Contract Review", review.name)
	vp.action("Reject")
	vp.give_signature()
	vp.dialog.locator(".btn-modal-primary").click()
	vp.sees("Comment", where=".msgprint")
	vp.page.shot("missing")
	vp.find(".msgprint .qms-jump").click()
	expect(vp.field("comment", vp.dialog).locator("textarea")).to_be_focused()
	assert vp.value("qms_password", vp.dialog) == env.PASSWORD
	# What the server misses is named by the record's own field: the dialog knows which of its fields that is.
	vp.dialog.locator(".btn-modal-close").click()
	expect(vp.page.locator(".modal.show")).to_have_count(0)
	vp.action("Approve")
	vp.page.evaluate("cur_dialog.set_df_property('comment', 'reqd', 0)")
	vp.give_signature()
	vp.refused("K1", "Comment")
	vp.find('.msgprint .qms-jump[data-fieldname="decision_comment"]').click()
	expect(vp.field("comment", vp.dialog).locator("textarea")).to_be_focused()
	expect(vp.page.locator(".modal.show .msgprint-dialog")).to_have_count(0)
	# Over a dialog that has no such field, it closes, and the form shows it.
	vp.page.evaluate("qms_customer.jump('prepared_on')")
	expect(vp.page.locator(".modal.show")).to_have_count(0)
	expect(vp.field("prepared_on")).to_be_in_viewport()
	assert now(review).docstatus == 0


@pytest.mark.rule("K1", "C4")
def test_a_convened_review_is_approved_with_its_solution(desk: Desk, cast: c.World) -> None:
	review = pending(cast, c.order("IP-200", qms_packaging="Special", qms_packaging_details="Double pouch"))
	assert review.review_path == "Convened"
	gm = Hands(desk(cast.gm)).open("Contract Review", review.name)
	gm.action("Approve")
	gm.fill(gm.dialog, solution="sample run in week 50")
	gm.slash("comment")
	gm.page.shot("solution")
	gm.sign()
	assert (now(review).solution, review.decision) == ("sample run in week 50", "Approved")


@pytest.mark.rule("K2", "K3")
@pytest.mark.parametrize(("lang", "phone"), [("en", False), ("zh", True)], ids=["desktop", "zh-phone"])
def test_a_correction_leaves_the_old_value_struck_through(
	desk: Desk, cast: c.World, lang: str, phone: bool
) -> None:
	review = pending(cast)
	c.decide(review, cast.vp, comment="price agreed on 3 June")
	vp = Hands(desk(cast.vp, lang=lang, phone=phone)).open("Contract Review", review.name)
	vp.button("Correct a Field", "Record")
	vp.sees("price agreed on 3 June", where=".qms-present del")
	vp.fill(vp.dialog, value="price agreed on 4 June", reason="wrong day")
	vp.page.shot("1-dialog")
	vp.sees(vp.say("Corrected"), where=".qms-meaning")
	vp.sign()
	row = vp.find(".qms-corrections tbody tr")
	expect(row.locator("del")).to_have_text("price agreed on 3 June")
	expect(row.locator("ins")).to_have_text("price agreed on 4 June")
	expect(row).to_contain_text("wrong day")
	expect(row).to_contain_text("Sun Hong")
	row.scroll_into_view_if_needed()
	vp.page.shot("2-corrected")
	assert now(review).decision_comment == "price agreed on 4 June"
	assert signatures(review)[-1].meaning == "Corrected"
	assert vp.page.evaluate("document.documentElement.scrollWidth") <= vp.page.viewport_size["width"]

	# The version before it is read, compared and printed.
	vp.button("Versions", "Record")
	numbers = vp.field("version", vp.dialog).locator("option").evaluate_all("all => all.map(o => o.value)")
	vp.sees("price agreed on 4 June", where=".qms-version")
	vp.fill(vp.dialog, version=numbers[1])
	vp.sees("price agreed on 3 June", where=".qms-version")
	vp.page.shot("3-version")
	vp.fill(vp.dialog, other=numbers[0])
	vp.sees("price agreed on 3 June", where=".qms-version del")
	vp.sees("price agreed on 4 June", where=".qms-version")
	vp.page.shot("4-compared")
	# The browser would ask for a printer.
	vp.page.evaluate(
		"""() => {
			const open = window.open;
			window.open = (...args) => Object.assign(open(...args), { print: () => {} });
		}"""
	)
	with vp.page.context.expect_page() as opened:
		vp.dialog.locator(".btn-modal-primary").click()
	text = opened.value.locator("body").inner_text()
	assert review.name in text and "price agreed on 3 June" in text and "SHA-256" in text


@pytest.mark.rule("K2")
def test_who_neither_signed_nor_keeps_the_records_corrects_nothing(desk: Desk, cast: c.World) -> None:
	review = pending(cast)
	c.decide(review, cast.vp)
	planning = Hands(desk(cast.person(roles.PLANNING))).open("Contract Review", review.name)
	planning.sees("Sun Hong", where=".qms-record")
	assert not planning.has_button("Correct a Field", "Record")
	assert planning.has_button("Versions", "Record")


@pytest.mark.rule("K3", "C9", "C12")
@pytest.mark.parametrize(("lang", "phone"), [("en", False), ("zh", True)], ids=["desktop", "zh-phone"])
def test_several_reviews_are_decided_each_with_a_signature_of_its_own(
	desk: Desk, cast: c.World, lang: str, phone: bool
) -> None:
	good = [pending(cast) for _ in range(2)]
	objected = c.start(cast, c.order("IP-200"))
	c.answer(cast, objected, "Quality", answer="Not Met", comment="no gauge")
	c.answer_all(cast, objected)
	waiting = c.start(cast, c.order("IP-200"))
	vp = Hands(desk(cast.vp, lang=lang, phone=phone, path="/app/contract-review/view/list"))
	for review in (*good, objected, waiting):
		vp.find(f'.list-row-checkbox[data-name="{review.name}"]').check()
	vp.page.settle()
	# Frappe's own items would sign nothing.
	assert vp.say("Approve") not in vp.actions()
	vp.action("Decide Selected")
	for review in (*good, objected):
		vp.sees(review.reference_name, where=f'.qms-decisions tr[data-name="{review.name}"]')
	vp.sees(vp.say("Quality", "Review Department"), where=f'tr[data-name="{objected.name}"]')
	vp.sees(vp.say("Production", "Review Department"), where=f'tr[data-name="{waiting.name}"]')
	vp.fill(vp.dialog, decision="Approve")
	vp.slash("comment")
	vp.page.shot("1-decide", full_page=True)
	# One wrong password is one wrong try, however many reviews.
	vp.give_signature("wrong")
	vp.refused("K3")
	vp.close_message()
	assert len(frappe.get_all("Signing Attempt", {"user": cast.vp})) == 1
	vp.give_signature()
	vp.dialog.locator(".btn-modal-primary").click()
	expect(vp.find(".qms-outcome tr")).to_have_count(3)
	vp.sees("C11", where=f'.qms-outcome tr[data-name="{objected.name}"]')
	vp.page.shot("2-outcome")
	assert [now(review).decision for review in good] == ["Approved"] * 2
	assert [signatures(review)[-1].meaning for review in good] == ["Approved"] * 2
	assert now(objected).docstatus == 0 and not signatures(objected)
	assert now(waiting).docstatus == 0
	vp.find(".modal.show .btn-modal-close").last.click()
	vp.sees(vp.say("Approved"), where=".list-row")


@pytest.mark.rule("K3", "C12")
def test_a_review_that_moved_since_it_was_shown_is_refused_among_the_others(
	desk: Desk, cast: c.World
) -> None:
	moved, other = pending(cast), pending(cast)
	vp = Hands(desk(cast.vp, path="/app/contract-review/view/list"))
	for review in (moved, other):
		vp.find(f'.list-row-checkbox[data-name="{review.name}"]').check()
	vp.action("Decide Selected")
	vp.fill(vp.dialog, decision="Reject", comment="not this year")
	frappe.db.rollback()
	c.decide(moved.reload(), cast.gm)
	frappe.db.commit()
	vp.give_signature()
	vp.dialog.locator(".btn-modal-primary").click()
	vp.sees("C12", where=f'.qms-outcome tr[data-name="{moved.name}"]')
	assert (now(moved).decision, now(other).decision) == ("Approved", "Rejected")


@pytest.mark.rule("L2", "K3")
def test_a_delegation_is_taken_back_with_a_signature(desk: Desk, cast: c.World) -> None:
	from frappe.utils import add_days, nowdate

	from tests.support.people import as_user

	with as_user(cast.vp):
		delegation = frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"role": roles.SALES_VP,
				"delegate": cast.person(roles.QUALITY),
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 3),
				"reason": "travel",
			}
		).insert()
		delegation.submit()
	vp = Hands(desk(cast.vp)).open("Approval Delegation", delegation.name)
	vp.sees("Delegated", "Sun Hong", where=".qms-record")
	vp.find(".page-actions .btn-secondary").get_by_text("Cancel", exact=True).click()
	vp.sees("Taken Back", where=".qms-meaning")
	vp.page.shot("take-back")
	vp.sign()
	assert now(delegation).docstatus == 2
	assert [s.meaning for s in signatures(delegation)] == ["Delegated", "Taken Back"]


@pytest.mark.rule("K3")
def test_administrator_is_told_that_only_a_person_signs(desk: Desk, cast: c.World) -> None:
	review = pending(cast)
	admin = Hands(desk()).open("Contract Review", review.name)
	admin.refused(
		"login of their own",
		do=lambda: admin.page.evaluate(
			"qms_customer.sign({ title: 'x', meaning: 'Approved', method: 'x', args: () => ({}) }).show()"
		),
	)
	assert not admin.page.locator(".qms-signing.show").count()

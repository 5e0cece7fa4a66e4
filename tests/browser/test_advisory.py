"""The management representative decides on the form whether users are told (I1, I2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import frappe
import pytest

from qms_customer.rules import advisory as rules
from qms_customer.rules import people as roles
from tests.support import advisory as a
from tests.support import contracts as c
from tests.support import returned as r
from tests.support import sales
from tests.support.hands import Hands

if TYPE_CHECKING:
	from tests.support.browser import DeskPage


@pytest.mark.rule("I1", "I2")
@pytest.mark.parametrize(("lang", "phone"), [("zh", False), ("en", True)])
def test_the_representative_sees_whom_it_reaches_and_decides(
	desk: Callable[..., DeskPage], cast: c.World, lang: str, phone: bool
) -> None:
	code = r.device(item_name="Infusion Set IS-10")
	lot = sales.batch(code, 30)
	note = sales.delivered(c.customer(), {"item_code": code, "qty": 6, "batch_no": lot})
	sales.delivered(c.customer(), {"item_code": code, "qty": 4, "batch_no": lot})
	sales.returned(note, qty=-2, stock_qty=-2)
	complaint = a.serious(cast, a.complaint(cast, note, batch_no=lot))
	doc, mr = a.of(complaint), a.representative(cast)
	frappe.db.commit()
	quality = Hands(desk(cast.person(roles.QUALITY), lang="en")).open(complaint.doctype, complaint.name)
	quality.page.settle()
	quality.page.shot("1-complaint", full_page=True)
	quality.sees("Advisory Notice", where=".page-head")
	quality.open(a.DECISION, doc.name)
	quality.page.wait_for_selector(".qms-advisory", state="attached")
	quality.page.shot("2-quality", full_page=True)
	hand = Hands(desk(mr, lang=lang, phone=phone)).open(a.DECISION, doc.name)
	hand.page.wait_for_selector(".qms-advisory", state="attached")
	hand.page.settle()
	hand.page.shot("3-undecided", full_page=True)
	hand.sees(note.customer, where=".qms-advisory")
	hand.button("Decide")
	hand.fill(hand.dialog, decision=rules.NEEDED, reason="管路可能脱落，须立即告知用户停止使用。")
	hand.page.shot("4-decide")
	hand.sign()
	hand.page.wait_for_function("(wanted) => cur_frm.doc.decision === wanted", arg=rules.NEEDED)
	hand.page.settle()
	hand.page.shot("5-needed", full_page=True)
	frappe.db.rollback()
	assert (doc.reload().decision, doc.decided_by, doc.customers) == (rules.NEEDED, mr, 2)
	hand.page.go("/app/advisory-notice-decision")
	hand.sees(hand.say(rules.NEEDED, a.DECISION), where=".list-row")
	hand.page.shot("6-list")

"""Codes are imported, trends are looked at, and a signal is assessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import frappe
import pytest
from frappe.utils import getdate
from playwright.sync_api import expect

from qms_customer.feedback import event_codes, signals
from qms_customer.rules import people as roles
from qms_customer.rules.signals import Complaint, Delivery
from tests.rules.test_event_codes import annex_a
from tests.support import complaints as cc
from tests.support import contracts as c
from tests.support import returned
from tests.support.hands import Hands
from tests.support.people import as_user

if TYPE_CHECKING:
	from tests.support.browser import DeskPage


@pytest.mark.rule("H3", "H8")
def test_codes_are_imported_and_a_signal_is_assessed(
	desk: Callable[..., DeskPage], cast: c.World, tmp_path: Path
) -> None:
	code = returned.device(item_name="Infusion Set IS-10")
	note = returned.delivered(10, c.customer(customer_name="Ruijin Hospital"), code)
	cc.complaint(cast, item_code=code, batch_no=note.items[0].batch_no)
	today = getdate()
	found = [Complaint(f"CC-{n}", today - timedelta(days=1), code) for n in range(5)]
	sold = [Delivery(today - timedelta(days=d), n, code) for d, n in ((10, 250), (200, 1000))]
	(name,) = signals.watch(found, sold, today)
	frappe.db.commit()

	# Quality imports an annex as published.
	quality = Hands(desk(cast.person(roles.QUALITY), lang="zh", path="/app/event-code-import"))
	quality.button("Import Codes")
	file = tmp_path / "annex-a.json"
	file.write_text(json.dumps(annex_a()), encoding="utf-8")
	quality.field("file", quality.dialog).locator(".btn-attach").click()
	quality.dialog.locator("input[type=file]").first.set_input_files(file)
	quality.dialog.locator(".btn-modal-primary").click()
	expect(quality.page.locator(".modal.show")).to_have_count(1)
	quality.page.settle()
	quality.fill(quality.dialog, edition="2026")
	quality.page.shot("1-import")
	quality.dialog.locator(".btn-modal-primary").click()
	quality.page.wait_for_url("**/app/event-code-import/*")
	quality.page.settle()
	quality.page.shot("2-waiting", full_page=True)
	frappe.db.rollback()
	with as_user(cast.person(roles.QUALITY)):
		done = event_codes.import_file(frappe.get_last_doc(event_codes.IMPORT).name)
	assert done.status == event_codes.FINISHED, done.problems
	frappe.db.commit()
	quality.page.go(f"/app/event-code-import/{done.name}")
	quality.sees(quality.say("All of the file is imported."))
	quality.page.shot("3-imported", full_page=True)
	quality.page.go("/app/event-code/view/tree")
	quality.sees("A01")
	quality.page.shot("4-tree", full_page=True)

	# What it is about is seen in the trends.
	quality.page.go("/app/query-report/Complaint Trends")
	quality.page.wait_for_selector(".frappe-chart .line-graph-path", state="attached")
	quality.sees(code, where=".datatable")
	quality.page.wait_for_timeout(1500)  # the lines grow
	quality.page.shot("5-trends", full_page=True)

	quality.open(signals.DOCTYPE, name)
	quality.page.settle()
	quality.page.shot("6-signal", full_page=True)
	quality.button("Assess", "Actions")
	quality.fill(quality.dialog, outcome="Action Needed", assessment="Mould 3 is worn")
	quality.page.shot("7-assess")
	quality.sign()
	quality.page.wait_for_function("() => cur_frm.doc.status === 'In Action'")
	quality.sees("Mould 3 is worn")
	quality.page.shot("8-assessed", full_page=True)
	assert not quality.has_button("Assess", "Actions")

	auditor = Hands(desk(cast.person(roles.AUDITOR), lang="zh")).open(signals.DOCTYPE, name)
	auditor.page.settle()
	auditor.sees("Mould 3 is worn")
	# What is seen besides is the way to the decision whether users are told.
	assert not auditor.has_button("Assess", "Actions") and not auditor.has_button("Add Action", "Actions")
	assert auditor.steps() == 1

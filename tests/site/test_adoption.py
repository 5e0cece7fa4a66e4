"""Going live on a site that trades: what was committed before is listed, signed, and stands (E8)."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import frappe
import pytest
from erpnext.controllers.accounts_controller import update_child_qty_rate
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return
from frappe import client
from frappe.model.document import Document
from frappe.utils import add_days, add_to_date, now_datetime, nowdate
from frappe.utils.background_jobs import get_job

from qms_customer.contract import adopt, adopt_job, adoption_panel, api, approved, baseline, content, scope
from qms_customer.erp import release
from qms_customer.messages import QMSRefusal
from qms_customer.records import approvals, verification
from qms_customer.records.token import moving
from qms_customer.rules import content as content_rules
from qms_customer.rules import goods
from qms_customer.rules import people as roles
from qms_customer.rules.scope import Cell
from qms_customer.setup import install
from tests.support import contracts as c
from tests.support.company import COMPANY
from tests.support.doors import copied, fresh, refused
from tests.support.people import as_user, make_user
from tests.support.sql import count_queries

SETTINGS = "QMS Customer Settings"


@pytest.fixture
def not_live() -> None:
	"""The site as after an installation where contracts were committed before."""
	set_scope(Cell())


def set_scope(*cells: Cell) -> None:
	settings = frappe.get_doc(SETTINGS)
	adopt.set_cells(settings, cells)
	with moving(settings, "Upgraded"):
		settings.save()


@pytest.fixture
def it(world: c.World) -> str:
	"""Who prepares: an administrator of the site, who signs nothing."""
	return make_user("System Manager", "QMS Auditor")


def collected(it: str, company: str = "") -> Document:
	"""A list that was collected to its end."""
	with as_user(it):
		name = api.prepare_adoption(company)["name"]
		api.start_adoption(name)
	collect(name)
	return frappe.get_doc(adopt.DOCTYPE, name)


def collect(name: str) -> None:
	while adopt.collect_batch(name):
		pass


def gone_live(world: c.World, it: str, company: str = "") -> Document:
	record = collected(it, company)
	with as_user(world.gm):
		api.sign_adoption(record.name, record.baseline_hash, "Seen")
	return record.reload()


def lines(record: Document | str) -> dict[str, frappe._dict]:
	name = record if isinstance(record, str) else record.name
	return {r.reference_name: r for r in frappe.get_all(adopt.LINE, filters={"adoption": name}, fields=["*"])}


def submitted(code: str, **values: Any) -> Document:
	doc = c.order(code, **values)
	doc.submit()
	return doc


def not_reviewed() -> Any:
	return pytest.raises(QMSRefusal, match=r"^C1: .* has no contract review yet")


def delivered(doc: Document) -> Document:
	note = make_delivery_note(doc.name)
	note.insert()
	note.submit()
	return note


# Before the go-live


@pytest.mark.rule("E8")
def test_on_a_site_that_trades_nothing_is_held_up_before_the_go_live(world: c.World, not_live: None) -> None:
	code = c.item(stock=50)
	doc = submitted(code)
	update_child_qty_rate(
		"Sales Order",
		json.dumps([{"docname": doc.items[0].name, "item_code": code, "qty": 7, "rate": 90}]),
		doc.name,
	)
	doc.reload()
	assert doc.items[0].qty == 7 and not doc.qms_contract_class
	note = delivered(doc)
	# Such a return would bring back goods of another row.
	back = make_sales_return(note.name)
	back.items[0].dn_detail = None
	back.insert()
	back.submit()
	loose = frappe.get_doc(
		{
			"doctype": "Delivery Note",
			"company": COMPANY,
			"customer": doc.customer,
			"items": [{"item_code": code, "qty": 1, "rate": 90, "warehouse": c.warehouse()}],
		}
	).insert()
	loose.submit()
	for one in (back, loose, note):
		fresh(one).cancel()
	doc.reload()
	doc.update_status("Closed")
	doc.update_status("Draft")
	fresh(doc).cancel()
	panel = api.get_overview("Sales Order", c.order(code).name)
	assert not panel["gated"] and "not live here yet" in panel["html"]


def test_a_fresh_site_is_live_at_once_and_one_that_trades_is_not(world: c.World) -> None:
	for doctype in ("Sales Order", "Blanket Order"):
		frappe.db.set_value(doctype, {"docstatus": 1}, "docstatus", 2)
	assert not install.trades()
	settings = frappe.new_doc(SETTINGS)
	install._scope(settings)
	(cell,) = scope.cells(settings)
	assert cell.place == ("", "") and cell.live_since
	set_scope(Cell())
	submitted(c.item())
	assert install.trades()
	settings = frappe.new_doc(SETTINGS)
	install._scope(settings)
	assert scope.cells(settings) == [Cell()]


def test_the_desk_says_that_it_is_not_live(world: c.World, not_live: None, it: str) -> None:
	for user, told in ((it, True), (world.gm, True), (world.sales, False)):
		boot = frappe._dict()
		with as_user(user):
			adoption_panel.boot(boot)
		assert bool(boot.get("qms_not_live")) is told
	set_scope(Cell("", "", "2026-01-01 00:00:00"))
	boot = frappe._dict()
	adoption_panel.boot(boot)
	assert not boot


# The list


@pytest.mark.rule("E8")
def test_the_list_holds_what_the_documents_say(world: c.World, not_live: None, it: str) -> None:
	"""Read a table at a time, each content is the one that its document has in memory."""
	part, bundle = c.item(), c.item(is_stock_item=0)
	frappe.get_doc(
		{
			"doctype": "Product Bundle",
			"new_item_code": bundle,
			"items": [{"item_code": part, "qty": 2, "description": "part"}],
		}
	).insert()
	taxes = [
		{
			"charge_type": "On Net Total",
			"account_head": frappe.db.get_value("Account", {"company": COMPANY, "account_type": "Tax"}),
			"description": "VAT",
			"rate": 13,
		}
	]
	file = c.upload()
	orders = [
		submitted([{"item_code": bundle, "qty": 3, "rate": 10.1}, {"item_code": part, "qty": 1, "rate": 3}]),
		submitted(part, taxes=taxes, additional_discount_percentage=3.3, terms="<p>As agreed\r\n</p>"),
		submitted(
			part,
			qms_documents=[{"title": "Drawing", "document_version": "A", "file": file.file_url}],
			po_no="客户-1",
		),
	]
	blanket = c.blanket_order((part, 100, 10))
	blanket.submit()
	tender = c.quotation(part, qms_is_tender=1)
	tender.submit()
	other = c.quotation(part)
	other.submit()
	draft = c.order(part)
	record = collected(it)
	listed = lines(record)
	for doc in (*orders, blanket, tender):
		canonical = content.content_of(fresh(doc))
		row = listed[doc.name]
		assert row.content == content_rules.text(canonical)
		assert row.fingerprint == content.fingerprint_of(fresh(doc))
		assert row.company == COMPANY and row.customer
	assert not {other.name, draft.name} & set(listed)
	assert (record.status, record.contracts, record.problems) == ("Ready", len(listed), 0)
	assert sum(r["count"] for r in json.loads(record.counts)) == len(listed)
	text = "".join(
		sorted(f"{r.reference_doctype}\t{n}\t{r.fingerprint}\n" for n, r in listed.items())
	).encode()
	assert record.baseline_hash == hashlib.sha256(text).hexdigest()


@pytest.mark.rule("E8")
def test_what_cannot_be_read_is_listed_with_the_reason(world: c.World, not_live: None, it: str) -> None:
	doc, good = submitted(c.item()), submitted(c.item())
	frappe.db.delete("Sales Order Item", {"parent": doc.name})
	record = collected(it)
	row = lines(record)[doc.name]
	assert not row.fingerprint and row.problem == "It has no rows of goods or services."
	assert record.problems == 1 and lines(record)[good.name].fingerprint
	with as_user(world.gm):
		assert "has no rows" in api.get_adoption_panel(record.name)["html"]
		api.sign_adoption(record.name, record.baseline_hash, "/")
	assert approved.committed("Sales Order", [doc.name, good.name]) == {doc.name: False, good.name: True}
	assert adopt.list_stragglers(record.name) is None


@pytest.mark.rule("E8")
def test_one_broken_contract_does_not_hide_the_others(
	world: c.World, not_live: None, it: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	good, broken = submitted(c.item()), submitted(c.item())
	whole = content.stored_contents

	def stored_contents(doctype: str, names: Any) -> dict:
		if broken.name in names:
			raise ValueError("bytes that are no text")
		return whole(doctype, names)

	monkeypatch.setattr(content, "stored_contents", stored_contents)
	listed = lines(collected(it))
	assert listed[good.name].fingerprint and "no text" in listed[broken.name].problem


def test_reading_a_batch_takes_a_constant_number_of_queries(world: c.World, not_live: None, it: str) -> None:
	code, customer = c.item(), c.customer()
	counts = []
	# The first round fills caches.
	for number in (1, 1, 6):
		for _n in range(number):
			submitted(code, customer=customer)
		with as_user(it):
			name = api.prepare_adoption()["name"]
			api.start_adoption(name)
		with count_queries() as queries:
			adopt.collect_batch(name)
		counts.append(queries.count)
	assert counts[1] == counts[2], counts


# Interrupted, and started twice


@pytest.mark.rule("E8")
def test_a_collection_that_was_killed_goes_on_where_it_was(
	world: c.World, not_live: None, it: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(baseline, "BATCH", 2)
	code, customer = c.item(), c.customer()
	names = sorted(submitted(code, customer=customer).name for _n in range(5))
	with as_user(it):
		name = api.prepare_adoption()["name"]
		assert api.start_adoption(name)["status"] == "Collecting"
	kinds = content.CONTRACT_DOCTYPES
	while frappe.db.get_value(adopt.DOCTYPE, name, "cursor_name") not in names:
		assert adopt.collect_batch(name)
	record = frappe.get_doc(adopt.DOCTYPE, name)
	assert record.cursor_doctype == "Sales Order" and record.cursor_doctype in kinds
	before = lines(record)
	# Killed while it inserted: the batch is gone, nothing before it.
	frappe.db.savepoint("killed")
	adopt.collect_batch(name)
	frappe.db.rollback(save_point="killed")
	assert lines(record) == before
	assert not adopt.is_dead(record)
	frappe.db.set_value(adopt.DOCTYPE, name, "heartbeat", add_to_date(now_datetime(), hours=-1))
	with as_user(it):
		panel = api.get_adoption_panel(name)
		assert panel["may_start"] and "stopped" in panel["standing"]
		api.start_adoption(name)
	collect(name)
	after = lines(record)
	assert set(names) <= set(after) and all(after[n].name == row.name for n, row in before.items())
	assert record.reload().status == "Ready"


@pytest.mark.rule("E8")
def test_two_jobs_do_the_work_of_one(
	world: c.World, not_live: None, it: str, monkeypatch: pytest.MonkeyPatch
) -> None:
	"""They take turns at the lock; whoever comes after the last batch has nothing left to do."""
	monkeypatch.setattr(baseline, "BATCH", 2)
	code, customer = c.item(), c.customer()
	names = {submitted(code, customer=customer).name for _n in range(5)}
	with as_user(it):
		name = api.prepare_adoption()["name"]
		api.start_adoption(name)
		api.start_adoption(name)
	turns = [True, True]
	while any(turns):
		turns = [adopt.collect_batch(name), adopt.collect_batch(name)]
	assert names <= set(lines(name))
	assert len(lines(name)) == frappe.db.count(adopt.LINE, {"adoption": name})
	with as_user(it), pytest.raises(QMSRefusal, match="not collected any more"):
		api.start_adoption(name)


def test_the_job_commits_each_batch(
	world: c.World, not_live: None, it: str, committed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
	monkeypatch.setattr(baseline, "BATCH", 2)
	code, customer = c.item(), c.customer()
	names = {submitted(code, customer=customer).name for _n in range(3)}
	with as_user(it):
		name = api.prepare_adoption()["name"]
		api.start_adoption(name)
	committed()
	adopt_job.collect(name)
	frappe.db.rollback()
	assert names <= set(lines(name))
	assert frappe.db.get_value(adopt.DOCTYPE, name, "status") == "Ready"
	with as_user(world.gm):
		api.sign_adoption(name, frappe.db.get_value(adopt.DOCTYPE, name, "baseline_hash"), "/")
	committed()
	adopt_job.after_signing(name)
	frappe.db.rollback()
	assert {frappe.db.get_value("Sales Order", n, "qms_review_status") for n in names} == {"Adopted"}


@pytest.mark.rule("E8")
def test_started_twice_it_is_one_job_and_one_that_was_killed_is_taken_up(
	world: c.World, not_live: None, it: str, committed: Any
) -> None:
	submitted(c.item())
	with as_user(it):
		name = api.prepare_adoption()["name"]
		api.start_adoption(name)
	committed()
	job = get_job(adopt._job(name))
	assert job.get_status() == "queued"
	with as_user(it):
		api.start_adoption(name)
	committed()
	again = get_job(adopt._job(name))
	assert again.enqueued_at == job.enqueued_at
	# Its worker was killed, and redis emptied; a sign of life is still fresh.
	job.delete()
	adopt.resume_killed()
	committed()
	assert get_job(adopt._job(name)) is None
	frappe.db.set_value(adopt.DOCTYPE, name, "heartbeat", add_to_date(now_datetime(), hours=-1))
	adopt.resume_killed()
	committed()
	assert get_job(adopt._job(name)).get_status() == "queued"


def test_a_later_list_takes_the_place_of_one_that_nobody_signed(
	world: c.World, not_live: None, it: str
) -> None:
	submitted(c.item())
	first = collected(it)
	second = collected(it)
	assert first.reload().status == "Superseded" and second.status == "Ready"
	assert not lines(first)
	with as_user(world.gm), pytest.raises(QMSRefusal, match="cannot be signed"):
		api.sign_adoption(first.name, first.baseline_hash, "/")


# Signing


@pytest.mark.rule("E8")
def test_what_was_adopted_is_delivered_and_any_alteration_meets_the_gate(
	world: c.World, not_live: None, it: str
) -> None:
	code = c.item(stock=50)
	doc, draft = submitted(code), c.order(code)
	record = gone_live(world, it)
	assert (record.docstatus, record.status) == (1, "Signed")
	assert (record.signed_by, record.signed_role) == (world.gm, roles.GENERAL_MANAGER)
	(cell,) = scope.cells()
	assert cell == Cell("", "", str(record.go_live_on)[:19], record.name)
	assert approved.committed("Sales Order", [doc.name]) == {doc.name: True}
	delivered(fresh(doc))
	row = doc.items[0]
	with refused("E8", doc):
		update_child_qty_rate(
			"Sales Order",
			json.dumps([{"docname": row.name, "item_code": code, "qty": 9, "rate": row.rate}]),
			doc.name,
		)
	with refused("E8", doc):
		client.set_value("Sales Order", doc.name, "po_no", "other")
	with refused("E8", doc):
		client.set_value("Sales Order Item", row.name, "delivery_date", add_days(nowdate(), 90))
	with refused("E8", doc):
		fresh(doc).update_status("Closed")
	with refused("C1", draft):
		fresh(draft).submit()
	with as_user(world.sales):
		panel = api.get_overview("Sales Order", doc.name)
	assert "Adopted at the go-live" in panel["html"] and record.name in panel["html"]
	assert "Nobody reviewed it" in panel["html"]
	# A copy of it is a new promise.
	copy = frappe.get_doc({**copied(doc), "docstatus": 0}).insert()
	with refused("C1", copy):
		copy.submit()


@pytest.mark.rule("E8")
def test_what_was_written_past_everything_is_not_delivered(world: c.World, not_live: None, it: str) -> None:
	doc = submitted(c.item(stock=50))
	gone_live(world, it)
	frappe.db.set_value("Sales Order Item", doc.items[0].name, "rate", 1)
	note = make_delivery_note(doc.name).insert()
	with refused("D4", note):
		note.submit()


@pytest.mark.rule("E8", "C12", "K3", "L2")
def test_who_signs(world: c.World, not_live: None, it: str) -> None:
	record = collected(it)
	both = make_user("System Manager", roles.GENERAL_MANAGER)

	def sign() -> None:
		api.sign_adoption(record.name, record.baseline_hash, "/")

	for user in (it, world.vp, world.sales, "Administrator"):
		with as_user(user), pytest.raises((QMSRefusal, frappe.PermissionError)):
			sign()
	# Not the one who prepared the list, in whatever role, nor a delegate in their name.
	other = collected(both)
	with as_user(both), pytest.raises(QMSRefusal, match="C12"):
		api.sign_adoption(other.name, other.baseline_hash, "/")
	with as_user(world.gm), pytest.raises(QMSRefusal, match="C12"):
		api.sign_adoption(other.name, record.baseline_hash + "0", "/")
	with as_user(world.gm), pytest.raises(QMSRefusal, match="K1"):
		api.sign_adoption(other.name, other.baseline_hash, "")
	representative = world.person(roles.MANAGEMENT_REPRESENTATIVE)
	delegate = make_user("Employee")
	with as_user(representative):
		frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"delegator": representative,
				"delegate": delegate,
				"role": roles.MANAGEMENT_REPRESENTATIVE,
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 1),
				"reason": "Away",
			}
		).insert().submit()
	with as_user(delegate):
		adopt.sign(other.name, other.baseline_hash, "/")
	other.reload()
	assert (other.signed_by, other.acting_for) == (delegate, representative)


@pytest.mark.rule("E8")
def test_no_other_door_signs_or_alters_a_list(world: c.World, not_live: None, it: str) -> None:
	submitted(c.item())
	record = collected(it)
	line = frappe.get_doc(adopt.LINE, next(iter(lines(record).values())).name)
	for user in ("Administrator", world.gm):
		with as_user(user):
			for door in (
				lambda: fresh(record).submit(),
				lambda: client.submit(record.as_dict()),
				lambda: client.set_value(adopt.DOCTYPE, record.name, "baseline_hash", "0" * 64),
				lambda: client.set_value(adopt.DOCTYPE, record.name, "go_live_on", add_days(nowdate(), 9)),
				lambda: client.set_value(adopt.LINE, line.name, "fingerprint", "0" * 64),
				lambda: client.delete(adopt.LINE, line.name),
				lambda: client.insert({**line.as_dict(), "name": "mine", "reference_name": "SO"}),
				lambda: client.insert(
					{"doctype": adopt.DOCTYPE, "kind": "Go-Live", "go_live_on": add_days(nowdate(), 9)}
				),
			):
				frappe.db.savepoint("door")
				with pytest.raises((frappe.ValidationError, frappe.PermissionError)):
					door()
				frappe.db.rollback(save_point="door")
	assert lines(record) and fresh(record).docstatus == 0


@pytest.mark.rule("E8")
def test_what_was_altered_since_the_collection_is_found_at_signing(
	world: c.World, not_live: None, it: str
) -> None:
	code = c.item(stock=50)
	altered, gone, untouched = (submitted(code) for _n in range(3))
	child = submitted(code)
	draft = c.order(code)
	record = collected(it)
	row = altered.items[0]
	update_child_qty_rate(
		"Sales Order",
		json.dumps([{"docname": row.name, "item_code": code, "qty": 8, "rate": row.rate}]),
		altered.name,
	)
	fresh(gone).cancel()
	draft.submit()
	# A row saved alone leaves its order untouched.
	client.set_value("Sales Order Item", child.items[0].name, "delivery_date", add_days(nowdate(), 60))
	delivered(fresh(untouched))
	with as_user(world.gm):
		with pytest.raises(QMSRefusal) as refusal:
			api.sign_adoption(record.name, record.baseline_hash, "/")
	said = str(refusal.value)
	for name in (altered.name, gone.name, draft.name, child.name):
		assert name in said
	assert "4 contracts" in said and untouched.name not in said
	with as_user(it):
		brought = api.refresh_adoption(record.name)["hash"]
		assert api.refresh_adoption(record.name)["hash"] == brought
	assert brought != record.baseline_hash
	listed = lines(record)
	assert gone.name not in listed
	for doc in (altered, draft, child, untouched):
		assert listed[doc.name].fingerprint == content.fingerprint_of(fresh(doc))
	with as_user(world.gm):
		# What was shown before is not what is signed now.
		with pytest.raises(QMSRefusal, match="C12"):
			api.sign_adoption(record.name, record.baseline_hash, "/")
		api.sign_adoption(record.name, brought, "/")
	names = [altered.name, draft.name, child.name, untouched.name]
	assert approved.committed("Sales Order", names) == dict.fromkeys(names, True)


@pytest.mark.rule("E8")
def test_who_came_in_between_is_put_on_a_list(world: c.World, not_live: None, it: str) -> None:
	"""Another transaction commits an order while the go-live is signed: it has seen no gate."""
	code = c.item(stock=5)
	record = gone_live(world, it)
	late = c.order(code)
	frappe.db.set_value("Sales Order", late.name, "docstatus", 1)
	frappe.db.set_value("Sales Order Item", {"parent": late.name}, "docstatus", 1)
	made = adopt.list_stragglers(record.name)
	assert set(lines(made)) == {late.name} and made.status == "Ready"
	with as_user(world.person(roles.MANAGEMENT_REPRESENTATIVE)):
		api.sign_adoption(made.name, made.baseline_hash, "/")
	assert approved.committed("Sales Order", [late.name]) == {late.name: True}
	assert adopt.list_stragglers(record.name) is None


def test_masters_that_are_renamed_are_followed(world: c.World, not_live: None, it: str) -> None:
	first, second = submitted(c.item(stock=9)), submitted(c.item(stock=9))
	record = collected(it)
	frappe.rename_doc("Customer", first.customer, c.unique("Renamed"), force=True)
	with as_user(world.gm):
		api.sign_adoption(record.name, record.baseline_hash, "/")
	frappe.rename_doc("Customer", second.customer, c.unique("Renamed"), force=True)
	for doc in (first, second):
		delivered(fresh(doc))
	assert not findings(record)


@pytest.mark.rule("C1")
def test_an_order_from_an_adopted_quotation_is_reviewed(world: c.World, not_live: None, it: str) -> None:
	"""The quotation was committed, but nobody reviewed it."""
	quotation = c.quotation(c.item(), qms_is_tender=1)
	quotation.submit()
	gone_live(world, it)
	assert approved.committed("Quotation", [quotation.name]) == {quotation.name: True}
	order = c.order_from(quotation)
	order.update({"qms_contract_form": "Order", "qms_requirements": c.requirements()})
	order.insert()
	with refused("C1", order):
		order.submit()


def test_repeats_go_on_submitting_until_the_go_live(world: c.World, not_live: None, it: str) -> None:
	doc = submitted(c.item())
	repeat = frappe.get_doc(
		{
			"doctype": "Auto Repeat",
			"reference_doctype": "Sales Order",
			"reference_document": doc.name,
			"frequency": "Monthly",
			"start_date": add_days(nowdate(), 1),
			"submit_on_creation": 1,
		}
	).insert()
	assert repeat.submit_on_creation == 1
	gone_live(world, it)
	assert repeat.reload().submit_on_creation == 0


# Verification


def findings(record: Document) -> list[tuple[str, str, str]]:
	return [
		(f.doctype, f.name, f.detail)
		for f in verification.verify().findings
		if f.doctype in (adopt.DOCTYPE, adopt.LINE, SETTINGS)
	]


@pytest.mark.rule("E8", "K2")
@pytest.mark.parametrize(
	("values", "what"),
	[
		({"fingerprint": "0" * 64}, {"content", "baseline_hash"}),
		({"content": "{}"}, {"content"}),
		({"reference_name": "SAL-ORD-FORGED"}, {"baseline_hash"}),
		({"read_on": "2020-01-01 00:00:00"}, {"read_on"}),
	],
)
def test_a_list_that_was_tampered_with_is_found(
	world: c.World, not_live: None, it: str, values: dict[str, str], what: set[str]
) -> None:
	doc = submitted(c.item())
	record = gone_live(world, it)
	assert not findings(record)
	frappe.db.set_value(adopt.LINE, lines(record)[doc.name].name, values, update_modified=False)
	assert {detail for _d, _n, detail in findings(record)} == what


@pytest.mark.rule("E8", "K2")
def test_a_line_that_was_put_in_or_taken_out_is_found(world: c.World, not_live: None, it: str) -> None:
	doc = submitted(c.item())
	record = gone_live(world, it)
	line = frappe.get_doc(adopt.LINE, lines(record)[doc.name].name)
	frappe.db.delete(adopt.LINE, {"name": line.name})
	assert ("Contract Adoption", record.name, "baseline_hash") in findings(record)
	line.db_insert()
	assert not findings(record)
	line.name, line.reference_name = "forged", "SAL-ORD-FORGED"
	line.db_insert()
	assert ("Contract Adoption", record.name, "baseline_hash") in findings(record)


@pytest.mark.rule("E8", "K2")
def test_an_adoption_that_nobody_signed_is_found(world: c.World, not_live: None, it: str) -> None:
	submitted(c.item())
	record = collected(it)
	assert not list(approvals.verify())
	frappe.db.set_value(adopt.DOCTYPE, record.name, {"docstatus": 1, "status": "Signed"})
	assert ("Contract Adoption", record.name, "signature") in findings(record)


# Afterwards: single contracts


@pytest.fixture
def live_for_long() -> None:
	set_scope(Cell("", "", f"{nowdate()} 00:00:00"))


def supplement(it: str, *docs: Document, reason: str = "Imported from the old system") -> Document:
	with as_user(it):
		rows = [{"doctype": d.doctype, "name": d.name} for d in docs]
		return frappe.get_doc(adopt.DOCTYPE, api.prepare_supplement(rows, reason)["name"])


@pytest.mark.rule("E8", "C1")
def test_open_orders_that_are_imported_later_come_in_by_a_supplementary_list(
	world: c.World, live_for_long: None, it: str
) -> None:
	code = c.item(stock=20)
	first, second = c.order(code), c.order(code)
	with refused("C1", first):
		fresh(first).submit()
	record = supplement(it, first, second)
	assert record.status == "Ready" and str(record.valid_until) == add_days(nowdate(), 30)
	with refused("C1", first):
		fresh(first).submit()
	with as_user(world.gm):
		api.sign_adoption(record.name, record.baseline_hash, "Checked against the old system")
	second.reload()
	second.items[0].rate = 1
	second.save()
	with refused("C1", second):
		fresh(second).submit()
	first.reload()
	first.submit()
	assert first.reload().qms_review_status == "Adopted"
	delivered(first)
	with refused("E8", first):
		client.set_value("Sales Order", first.name, "po_no", "other")
	assert not findings(record)
	with as_user(world.sales):
		assert "supplementary list" in api.get_overview("Sales Order", first.name)["html"]


@pytest.mark.rule("E8", "C12")
def test_who_entered_the_drafts_does_not_sign_for_them(world: c.World, live_for_long: None, it: str) -> None:
	doc = c.order(c.item())
	frappe.db.set_value("Sales Order", doc.name, "owner", world.gm)
	record = supplement(it, doc)
	with as_user(world.gm), pytest.raises(QMSRefusal, match="C12"):
		api.sign_adoption(record.name, record.baseline_hash, "/")


@pytest.mark.rule("E8", "B4")
def test_a_supplementary_list_is_valid_for_a_time(world: c.World, live_for_long: None, it: str) -> None:
	doc = c.order(c.item())
	record = supplement(it, doc)
	with as_user(world.gm):
		api.sign_adoption(record.name, record.baseline_hash, "/")
	frappe.db.set_value(adopt.DOCTYPE, record.name, "valid_until", add_days(nowdate(), -1))
	with refused("B4", doc):
		fresh(doc).submit()


@pytest.mark.rule("E8", "C1", "C13")
def test_the_supplement_is_no_way_round_the_review(world: c.World, live_for_long: None, it: str) -> None:
	code = c.item()

	def not_listed(words: str, *docs: Document, reason: str = "Imported") -> None:
		with pytest.raises(QMSRefusal, match=words):
			supplement(it, *docs, reason=reason)

	doc = c.order(code)
	not_listed("Say why", doc, reason="/")
	not_listed("between 1 and")
	late = c.order(code, transaction_date=add_days(nowdate(), 1))
	not_listed("after the go-live", doc, late)
	reviewed = c.order(code)
	review = c.start(world, reviewed)
	not_listed("review of its own", reviewed)
	c.answer_all(world, review)
	decider = world.gm if review.reload().approver_role == roles.GENERAL_MANAGER else world.vp
	c.decide(review, decider, "Rejected", "Too late")
	not_listed("rejected", reviewed)
	same = c.order(code, customer=reviewed.customer)
	not_listed("rejected", same)
	with as_user(world.sales), pytest.raises(QMSRefusal, match="prepared by"):
		api.prepare_supplement([{"doctype": "Sales Order", "name": doc.name}], "Imported")
	with as_user(it), pytest.raises(QMSRefusal, match="not reviewed"):
		api.prepare_supplement([{"doctype": "Purchase Order", "name": doc.name}], "Imported")
	with as_user(it), pytest.raises(QMSRefusal, match="There is no"):
		api.prepare_supplement([{"doctype": "Sales Order", "name": "SAL-ORD-NONE"}], "Imported")
	record = supplement(it, doc)
	doc.reload().update({"po_no": "altered"}).save()
	with as_user(world.gm), pytest.raises(QMSRefusal, match="altered since they were listed"):
		api.sign_adoption(record.name, record.baseline_hash, "/")


# Scope


@pytest.fixture
def groups() -> dict[str, str]:
	"""Devices (Pumps below them), and Parts."""
	found = {}
	for label, parent in (("Devices", ""), ("Pumps", "Devices"), ("Parts", "")):
		doc = frappe.get_doc(
			{
				"doctype": "Item Group",
				"item_group_name": c.unique(label),
				"parent_item_group": found.get(parent) or "All Item Groups",
				"is_group": int(label == "Devices"),
			}
		).insert()
		found[label] = doc.name
	return found


@pytest.mark.rule("C1", "E8", "D4")
def test_a_scope_of_item_groups_counts_those_below(world: c.World, groups: dict[str, str], it: str) -> None:
	set_scope(Cell("", groups["Devices"], f"{nowdate()} 00:00:00"))
	pump = c.item(stock=20, item_group=groups["Pumps"])
	part = c.item(stock=20, item_group=groups["Parts"])
	with not_reviewed():
		submitted(pump)
	mixed = c.order([{"item_code": part, "qty": 1, "rate": 5}, {"item_code": pump, "qty": 1, "rate": 5}])
	with refused("C1", mixed):
		mixed.submit()
	parts = submitted(part)
	delivered(parts)

	def loose(code: str) -> Document:
		return frappe.get_doc(
			{
				"doctype": "Delivery Note",
				"company": COMPANY,
				"customer": c.customer(),
				"items": [{"item_code": code, "qty": 1, "rate": 90, "warehouse": c.warehouse()}],
			}
		).insert()

	loose(part).submit()
	note = loose(pump)
	with refused("D4", note):
		note.submit()
	# A reviewed order is delivered as a whole; what is outside the scope does not leave before it.
	frappe.db.set_value("Sales Order", mixed.name, "docstatus", 1)
	frappe.db.set_value("Sales Order Item", {"parent": mixed.name}, "docstatus", 1)
	note = make_delivery_note(mixed.name)
	note.items = [d for d in note.items if d.item_code == part]
	note.insert()
	with refused("D4", note):
		note.submit()
	# Nor is a reviewed item smuggled out under an order that needs no review; ERPNext would refuse it, too.
	open_parts = submitted(part)
	row = goods.ReleaseRow(1, pump, Decimal(1), open_parts.name, open_parts.items[0].name)
	assert release.reviewed_rows(COMPANY, [row]) == [row]
	assert not release.reviewed_rows(COMPANY, [replace(row, item=part)])
	with pytest.raises(QMSRefusal, match="Goods that need one"):
		update_child_qty_rate(
			"Sales Order",
			json.dumps(
				[
					{"docname": open_parts.items[0].name, "item_code": part, "qty": 5, "rate": 100},
					{
						"item_code": pump,
						"qty": 1,
						"rate": 5,
						"delivery_date": add_days(nowdate(), 30),
						"warehouse": c.warehouse(),
						"__islocal": 1,
						"docname": "",
					},
				]
			),
			open_parts.name,
		)


def test_the_gate_asks_one_query_for_item_groups(world: c.World, groups: dict[str, str]) -> None:
	code = c.item(item_group=groups["Parts"])
	docs = [c.order([{"item_code": code, "qty": 1, "rate": 5 + n} for n in range(rows)]) for rows in (1, 20)]
	for cell, expected in (
		(Cell("", "", "x"), 0),
		(Cell(COMPANY, "", "x"), 0),
		(Cell("", groups["Devices"], "x"), 1),
	):
		set_scope(Cell(cell.company, cell.group, f"{nowdate()} 00:00:00"))
		scope.covers(docs[0])
		for doc in docs:
			with count_queries() as queries:
				scope.covers(doc)
			assert queries.count == expected
		for names in ([docs[0].name], [d.name for d in docs]):
			with count_queries() as queries:
				scope.covered_contracts("Sales Order", names)
		assert queries.count <= 4, [q.text for q in queries.statements]


def settings_as(**scope_rows: Any) -> Document:
	settings = frappe.get_doc(SETTINGS)
	settings.update(scope_rows)
	return settings


@pytest.mark.rule("E8")
def test_narrowing_needs_a_reason_and_is_in_the_history(world: c.World, groups: dict[str, str]) -> None:
	pump, part = c.item(item_group=groups["Pumps"]), c.item(item_group=groups["Parts"])
	since = scope.cells()[0].live_since
	rows = [{"for_company": COMPANY, "item_group": groups["Devices"]}]
	with pytest.raises(QMSRefusal, match="Say why"):
		c.save_settings(settings_as(scope=rows))
	c.save_settings(settings_as(scope=rows, change_reason="Parts are no medical devices"))
	assert scope.cells() == [Cell(COMPANY, groups["Devices"], since)]
	entry = frappe.get_last_doc("Electronic Signature", {"reference_doctype": SETTINGS})
	assert (entry.meaning, entry.comment) == ("Scope Narrowed", "Parts are no medical devices")
	submitted(part)
	with not_reviewed():
		submitted(pump)
	with pytest.raises(QMSRefusal, match="no row"):
		c.save_settings(settings_as(scope=[], change_reason="x"))


@pytest.mark.rule("E8")
def test_a_wider_scope_waits_for_its_adoption(world: c.World, groups: dict[str, str], it: str) -> None:
	pump = c.item(stock=20, item_group=groups["Pumps"])
	part = c.item(stock=20, item_group=groups["Parts"])
	set_scope(Cell("", groups["Devices"], f"{nowdate()} 00:00:00"))
	before = submitted(part)
	c.save_settings(
		settings_as(
			scope=[{"item_group": groups["Devices"]}, {"item_group": groups["Parts"]}],
			change_reason="Parts come in",
		)
	)
	assert [bool(cell.live_since) for cell in scope.cells()] == [True, False]
	later = submitted(part)
	with not_reviewed():
		submitted(pump)
	record = gone_live(world, it)
	assert set(lines(record)) == {before.name, later.name}
	assert all(cell.live_since for cell in scope.cells())
	for doc in (before, later):
		delivered(fresh(doc))
	with not_reviewed():
		submitted(part)


@pytest.mark.rule("E8")
def test_one_company_at_a_time(world: c.World, not_live: None, it: str) -> None:
	doc = submitted(c.item(stock=9))
	with as_user(it), pytest.raises(QMSRefusal, match="There is no company"):
		api.prepare_adoption("No Such Company")
	record = gone_live(world, it, COMPANY)
	assert doc.name in lines(record)
	assert scope.cells() == [Cell(), Cell(COMPANY, "", str(record.go_live_on)[:19], record.name)]
	assert not scope.everything() and scope.covers(doc)
	assert not scope.covers(frappe._dict(company="Another Company", items=[]))
	delivered(fresh(doc))
	with not_reviewed():
		submitted(c.item())


@pytest.mark.rule("E8", "K3")
def test_a_go_live_is_not_set_by_hand_nor_ahead_of_its_time(world: c.World, not_live: None, it: str) -> None:
	for values in (
		{"live_since": add_days(nowdate(), 7)},
		{"live_since": f"{nowdate()} 00:00:00"},
		{"adoption": "CA-FORGED", "live_since": "2020-01-01 00:00:00"},
	):
		settings = settings_as(scope=[values], change_reason="We go live next week")
		settings.flags.ignore_links = True
		with pytest.raises(QMSRefusal, match="not entered here, nor ahead of its time"):
			c.save_settings(settings)
	assert scope.cells() == [Cell()]


def test_a_scope_that_changed_meanwhile_needs_a_new_list(
	world: c.World, not_live: None, it: str, groups: dict[str, str]
) -> None:
	record = collected(it)
	c.save_settings(settings_as(scope=[{"for_company": COMPANY}], change_reason="One company first"))
	with as_user(world.gm), pytest.raises(QMSRefusal, match="scope was changed"):
		api.sign_adoption(record.name, record.baseline_hash, "/")
	record = gone_live(world, it)
	with as_user(it), pytest.raises(QMSRefusal, match="Nothing waits"):
		api.prepare_adoption()


@contextlib.contextmanager
def before_the_upgrade() -> Iterator[Document]:
	settings = frappe.get_doc(SETTINGS)
	settings.scope = []
	with moving(settings, "Upgraded"):
		settings.save()
	yield settings


def test_where_the_app_was_in_use_already_the_gate_stays_live() -> None:
	from qms_customer.patches import live_scope

	with before_the_upgrade():
		assert not scope.everything()
		live_scope.execute()
	assert scope.everything()
	at = scope.cells()
	live_scope.execute()
	assert scope.cells() == at

"""What is overdue goes up the line: read set by set, told once a day at most to each person (L3, L2).

What was told is a row of Review Escalation, unique by document, person and day, written together with the
notification: a run that is interrupted, repeated or late neither tells twice nor leaves anybody out, and days
on which nothing ran are one message that says how late it is by then.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.core.doctype.user_permission.user_permission import get_user_permissions
from frappe.desk.doctype.notification_log.notification_log import make_notification_logs
from frappe.model.document import Document
from frappe.permissions import has_user_permission
from frappe.query_builder.functions import Max, Min
from frappe.utils import add_days, escape_html, format_date, getdate, now, nowdate

from qms_customer.contract import (
	authorise,
	content,
	distribution,
	measure,
	people,
	production,
	registration,
	reviews,
	states,
	workdays,
)
from qms_customer.contract import (
	notices as changes,
)
from qms_customer.contract.settings import escalation_steps, settings
from qms_customer.feedback import handled, intake
from qms_customer.messages import term
from qms_customer.returns import waiting
from qms_customer.rules import advisory as advisory_rules
from qms_customer.rules import change, mark, reportability
from qms_customer.rules import complaint as complaint_rules
from qms_customer.rules import content as content_rules
from qms_customer.rules import escalation as rules
from qms_customer.rules.people import (
	ACCOUNTS_WITHOUT_PERSON,
	BUSINESS_MANAGER,
	GENERAL_MANAGER,
	MANAGEMENT_REPRESENTATIVE,
	PLANNING,
	PRODUCTION,
	QUALITY,
	SALES_USER,
	SERVICE,
	Delegation,
)
from qms_customer.rules.workdays import Calendar
from qms_customer.shown import language

DOCTYPE = "Review Escalation"
REPORTABILITY, ADVISORY = "Reportability Decision", "Advisory Notice Decision"
NO_ADVICE = mark("Overdue by {0} business day(s): whether users are told of {1} by an advisory notice ({2})")
NOT_DECIDED = mark("Overdue by {0} business day(s): whether complaint {1} is reportable ({2})")
NOT_REPORTED = mark("Overdue by {0} business day(s): what is owed to the regulator on complaint {1} ({2})")
HOLIDAY_LIST = workdays.HOLIDAY_LIST
ADMINISTRATOR_ROLE = "System Manager"
# The administrator hears of a Holiday List from so many days before it ends, and again after so many.
BEFORE_END, AGAIN_AFTER = 14, 7


@dataclass
class Item:
	"""Something that waits, as it is stored; `subject` says in words what is overdue, by how many days."""

	doctype: str
	row: frappe._dict
	waiting: rules.Waiting
	subject: Callable[[int], str]


@dataclass
class Notice:
	"""Who is told of an item today, and as which role."""

	item: Item
	late: int
	people: dict[str, str]


def escalate() -> None:
	"""Tell who is waited for, and who is above them, what is overdue; one bad row never stops the rest
	(L3).
	"""
	spoken = languages()
	for notice in notices():
		with _alone(f"Escalation: {notice.item.doctype} {notice.item.row.name}"):
			_tell(notice, spoken)
	_tell_of_ending_lists(spoken)


def notices() -> list[Notice]:
	"""Return who is to be told of what today and was not told yet; a constant number of queries (L3)."""
	today, steps = getdate(nowdate()), escalation_steps()
	staff, calendars = _staff(today), _Calendars()
	told = _told(today)
	found = []
	for item in (
		*_opinions(today),
		*_decisions(today, staff, calendars),
		*_actions(today, staff),
		*_authorisations(today, calendars),
		*_acknowledgements(today),
		*_returns(today, calendars),
		*_complaints(today, staff),
		*_feedback(today, staff, calendars),
		*_changes(today, staff, calendars),
		*_tasks(today, calendars),
		*_provisional(today, staff),
		*_reports(today),
		*_advisories(today),
	):
		calendar = calendars[item.row.company]
		heard = rules.who_hears(item.waiting, today, calendar, steps, staff)
		heard = {u: r for u, r in heard.items() if (item.doctype, item.row.name, u) not in told}
		if heard:
			found.append(Notice(item, rules.days_late(item.waiting, today, calendar), heard))
			# A change can wait for two at once: who is above both is told of it once.
			told |= {(item.doctype, item.row.name, user) for user in heard}
	_leave_out_hidden(found)
	return [notice for notice in found if notice.people]


class _Calendars(dict):
	"""The calendars of the companies, each read once."""

	def __missing__(self, company: str | None) -> Calendar:
		self[company] = workdays.calendar(company)
		return self[company]


@contextmanager
def _alone(title: str) -> Iterator[None]:
	"""What fails in the block is undone and logged, and stops nothing else."""
	frappe.db.savepoint("qms_escalation")
	try:
		yield
	except Exception as error:
		frappe.db.rollback(save_point="qms_escalation")
		# Another run at the same time has just told these people.
		if not frappe.db.is_duplicate_entry(error):
			frappe.log_error(title=title[:140])
	else:
		frappe.db.release_savepoint("qms_escalation")


# What waits


# The document that any of our records is about, and whose it is.
_ABOUT = ("name", "company", "customer", "reference_doctype", "reference_name")


def _head(table: Any) -> list:
	return [table[f] for f in _ABOUT]


def _opinions(today: date) -> list[Item]:
	"""Opinions not given; of a review that is out of date or returned, Sales owes the next move (C11)."""
	opinion, review = frappe.qb.DocType(reviews.OPINION), frappe.qb.DocType(reviews.REVIEW)
	rows = (
		frappe.qb.from_(opinion)
		.join(review)
		.on(review.name == opinion.contract_review)
		.select(*_head(opinion), opinion.department, opinion.department_role, opinion.due_date)
		.where((opinion.docstatus == 0) & (opinion.superseded == 0) & (opinion.due_date < today))
		.where((review.docstatus == 0) & (review.out_of_date == 0) & (review.returned == 0))
		.orderby(opinion.name)
		.run(as_dict=True)
	)
	return [
		Item(
			reviews.OPINION,
			row,
			rules.Waiting(
				rules.OPINION, getdate(row.due_date), (row.department_role,), department=row.department
			),
			lambda late, row=row: _("Overdue by {0} business day(s): the opinion of {1} on {2}").format(
				late, escape_html(term(row.department)), row.reference_name
			),
		)
		for row in rows
	]


def _decisions(today: date, staff: rules.Staff, calendars: _Calendars) -> list[Item]:
	"""Decisions not taken: they wait since the review was put into the inboxes of who decides it (C9)."""
	review, todo = frappe.qb.DocType(reviews.REVIEW), frappe.qb.DocType("ToDo")
	rows = (
		frappe.qb.from_(review)
		.left_join(todo)
		.on(
			(todo.reference_type == reviews.REVIEW)
			& (todo.reference_name == review.name)
			& (todo.status == "Open")
		)
		.select(
			*_head(review),
			review.approver_role,
			review.prepared_by,
			review.prepared_on,
			review.assessed_by,
			review.agreed_by,
			review.change_notice,
			Min(todo.creation).as_("asked_on"),
		)
		.where((review.docstatus == 0) & (review.workflow_state == states.PENDING_APPROVAL))
		.groupby(review.name)
		.orderby(review.name)
		.run(as_dict=True)
	)
	names = [row.name for row in rows] or [""]
	gave, last = _opiners(names)
	prepared = _preparers(rows, names)
	days, found = settings().decision_due_days or 0, []
	for row in rows:
		since = getdate(row.asked_on or last.get(row.name) or row.prepared_on)
		due = calendars[row.company].add_workdays(since, days)
		if due >= today:
			continue
		without, role = frozenset(gave[row.name] | prepared[row.name]), row.approver_role
		# C12: where all of its authority took part, the general manager decides.
		if not role or not staff.acting_as(role, without):
			role = GENERAL_MANAGER
		found.append(
			Item(
				reviews.REVIEW,
				row,
				rules.Waiting(rules.DECISION, due, (role,), without=without),
				lambda late, row=row: _(
					"Overdue by {0} business day(s): the decision of review {1} of {2}"
				).format(late, row.name, row.reference_name),
			)
		)
	return found


def _actions(today: date, staff: rules.Staff) -> list[Item]:
	"""Actions: until it is reported done the owner is waited for, then the verifier; where the one named has
	left, those who may stand in (C10).
	"""
	found = []
	for row in frappe.get_all(
		reviews.ACTION,
		filters={"status": ("in", ("Open", "Done")), "due_date": ("<", today)},
		fields=[
			*_ABOUT,
			"status",
			"due_date",
			"action_owner",
			"done_by",
			"verifier",
			"verifier_role",
		],
		order_by="name",
	):
		done = row.status == "Done"
		named = row.verifier if done else row.action_owner
		there = named in staff.enabled and not (done and named == row.done_by)
		found.append(
			Item(
				reviews.ACTION,
				row,
				rules.Waiting(
					rules.ACTION,
					getdate(row.due_date),
					() if there else (row.verifier_role or "",),
					(named,) if there else (),
					without=frozenset({row.done_by} if done and row.done_by else ()),
				),
				lambda late, row=row: _("Overdue by {0} business day(s): action {1} of {2}").format(
					late, row.name, row.reference_name
				),
			)
		)
	return found


def _authorisations(today: date, calendars: _Calendars) -> list[Item]:
	"""Goods without an order that nobody has authorised or refused yet (D4, C12)."""
	rows = frappe.get_all(
		authorise.DOCTYPE,
		filters={"docstatus": 0},
		fields=[
			*_ABOUT,
			"requested_by",
			"requested_on",
		],
		order_by="name",
	)
	owners = _owners(rows)
	days, found = settings().decision_due_days or 0, []
	for row in rows:
		due = calendars[row.company].add_workdays(getdate(row.requested_on), days)
		if due < today:
			without = {row.requested_by, owners.get((row.reference_doctype, row.reference_name))}
			found.append(
				Item(
					authorise.DOCTYPE,
					row,
					rules.Waiting(
						rules.AUTHORISATION, due, (BUSINESS_MANAGER,), without=frozenset(without - {None})
					),
					lambda late, row=row: _(
						"Overdue by {0} business day(s): the authorisation of goods without an order, {1}"
					).format(late, row.reference_name),
				)
			)
	return found


def _acknowledgements(today: date) -> list[Item]:
	"""Changes that a department has not acknowledged (E6)."""
	return [
		Item(
			distribution.DOCTYPE,
			row,
			rules.Waiting(
				rules.ACKNOWLEDGEMENT,
				getdate(row.due_date),
				(row.department_role,),
				department=row.department,
			),
			lambda late, row=row: _(
				"Overdue by {0} business day(s): {1} has not acknowledged the change {2} of {3}"
			).format(late, escape_html(term(row.department)), row.change_notice, row.reference_name),
		)
		for row in frappe.get_all(
			distribution.DOCTYPE,
			filters={"docstatus": 0, "due_date": ("<", today)},
			fields=[
				*_ABOUT,
				"change_notice",
				"department",
				"department_role",
				"due_date",
			],
			order_by="name",
		)
	]


def _returns(today: date, calendars: _Calendars) -> list[Item]:
	"""Return slips that have stood in one state for too long (G2-G6)."""
	days, found = waiting.days(), []
	for one in waiting.read():
		due = calendars[one.row.company].add_workdays(one.since, days)
		if due >= today:
			continue
		found.append(
			Item(
				waiting.DOCTYPE,
				one.row,
				rules.Waiting(rules.RETURN, due, one.roles, one.people),
				lambda late, row=one.row: _(
					"Overdue by {0} business day(s): return slip {1} of {2}, {3}"
				).format(late, row.name, escape_html(row.customer_name or ""), _(row.workflow_state)),
			)
		)
	return found


def _complaints(today: date, staff: rules.Staff) -> list[Item]:
	"""Complaints that are not closed by their day (H5)."""
	found = []
	for row in frappe.get_all(
		handled.DOCTYPE,
		filters={"workflow_state": ("!=", complaint_rules.CLOSED), "due_on": ("<", today)},
		fields=["name", "company", "customer", "customer_name", "workflow_state", "due_on", "handler"],
		order_by="name",
	):
		named = (row.handler,) if row.handler in staff.enabled else ()
		roles = () if named else (QUALITY,)
		if row.workflow_state == complaint_rules.CLOSING:
			# Who handled it does not close it.
			named, roles = (), complaint_rules.CLOSERS
		found.append(
			Item(
				handled.DOCTYPE,
				row,
				rules.Waiting(rules.COMPLAINT, getdate(row.due_on), roles, named),
				lambda late, row=row: _("Overdue by {0} business day(s): complaint {1} of {2}, {3}").format(
					late, row.name, escape_html(row.customer_name or ""), _(row.workflow_state)
				),
			)
		)
	return found


def _feedback(today: date, staff: rules.Staff, calendars: _Calendars) -> list[Item]:
	"""Feedback that nobody has assessed in time, or answered once it was (H2, A10)."""
	found = []
	for row in frappe.get_all(
		intake.DOCTYPE,
		filters={"docstatus": 0},
		fields=[
			*("name", "company", "customer", "subject", "workflow_state", "assess_by", "assessed_on"),
			*("owner", "concerned_user"),
		],
		order_by="name",
	):
		answering = row.workflow_state == states.FEEDBACK_TO_ANSWER
		due = getdate(row.assess_by)
		if answering:
			due = calendars[row.company].add_workdays(getdate(row.assessed_on), intake.days())
		if due >= today:
			continue
		# As the inbox has it (feedback/record.py).
		recorder = row.owner in staff.enabled and row.owner != row.concerned_user
		named = (row.owner,) if answering and recorder else ()
		found.append(
			Item(
				intake.DOCTYPE,
				row,
				rules.Waiting(
					rules.FEEDBACK,
					due,
					() if named else (SERVICE,) if answering else (SERVICE, QUALITY),
					named,
					without=frozenset({row.concerned_user} - {None, ""}),
				),
				lambda late, row=row, answering=answering: _(
					UNANSWERED_FEEDBACK if answering else UNASSESSED
				).format(late, row.name, escape_html(row.subject or "")),
			)
		)
	return found


# What is said of feedback.
UNASSESSED = mark("Overdue by {0} business day(s): whether feedback {1} is a complaint: {2}")
UNANSWERED_FEEDBACK = mark("Overdue by {0} business day(s): the answer to feedback {1}: {2}")

# What is said of a change notice, by what is waited for.
BEHIND = mark("Overdue by {0} business day(s): bring change notice {1} of {2} up to date, or withdraw it")
UNDECIDED = mark("Overdue by {0} business day(s): the decision of change notice {1} of {2}")
UNANSWERED = mark(
	"Overdue by {0} business day(s): whether change notice {1} of {2} affects the production plan"
)
UNCONFIRMED = mark("Overdue by {0} business day(s): the customer's confirmation of change notice {1} of {2}")


# What is said of a production notice: of a contract in force, and of one that has ended.
UNRELEASED = mark("Overdue by {0} business day(s): the release of production notice {1} of {2}")
ENDED = mark("Overdue by {0} business day(s): withdraw production notice {1}, as {2} has ended")


def _changes(today: date, staff: rules.Staff, calendars: _Calendars) -> list[Item]:
	"""Change notices: PMC and the customer are waited for, then who decides; Sales, where the contract has
	changed since the notice was made (E2, E3, E5, E7).
	"""
	rows = frappe.get_all(
		changes.DOCTYPE,
		filters={
			"docstatus": 0,
			"workflow_state": ("in", (states.NOTICE_CONFIRMING, states.NOTICE_PENDING)),
		},
		# Those put forward before they had a date to be answered by are dated here.
		or_filters=[["due_date", "<", today], ["due_date", "is", "not set"]],
		fields=[
			*_ABOUT,
			"workflow_state",
			"due_date",
			"kind",
			"asked_by",
			"outcome",
			"content",
			"old_content",
			"old_fingerprint",
			"plan_answer",
			"plan_answered_by",
			"confirmed_by",
			"confirmation_recorded_by",
			"approver_role",
			"prepared_by",
			"prepared_on",
			"editors",
		],
		order_by="name",
	)
	for row in rows:
		row.due = row.due_date or calendars[row.company].add_workdays(
			getdate(row.prepared_on), changes.due_days(row.workflow_state) or 0
		)
	rows = [row for row in rows if getdate(row.due) < today]
	current = _fingerprints({row.reference_name for row in rows})
	owners = _owners(rows)
	found = []
	for row in rows:
		sales = (row.prepared_by,) if row.prepared_by in staff.enabled else ()
		stand_in = () if sales else (SALES_USER,)

		def add(kind: str, text: str, *, row: frappe._dict = row, **who: Any) -> None:
			found.append(
				Item(
					changes.DOCTYPE,
					row,
					rules.Waiting(kind, getdate(row.due), **who),
					lambda late: _(text).format(late, row.name, row.reference_name),
				)
			)

		if current.get(row.reference_name) != row.old_fingerprint:
			add(rules.CONFIRMATION, BEHIND, people=sales, roles=stand_in)
			continue
		if row.workflow_state == states.NOTICE_PENDING:
			taken_part = {row.prepared_by, row.confirmation_recorded_by, row.plan_answered_by}
			taken_part |= {owners.get((row.reference_doctype, row.reference_name))}
			without = frozenset({*taken_part, *(row.editors or "").split("\n")} - {None, ""})
			role = staff.deciding(row.approver_role or BUSINESS_MANAGER, without) or GENERAL_MANAGER
			add(rules.DECISION, UNDECIDED, roles=(role,), without=without)
			continue
		if not row.plan_answer and row.outcome != change.Needed.REVIEW and measure.asks_pmc(row):
			add(rules.PLAN_ANSWER, UNANSWERED, roles=(PLANNING,))
		if not row.confirmed_by:
			add(rules.CONFIRMATION, UNCONFIRMED, people=sales, roles=stand_in)
	return found


def _fingerprints(orders: set[str]) -> dict[str, str]:
	"""Return what committed orders say now, by name; one query a table of theirs, none where there are
	none.
	"""
	if not orders:
		return {}
	names = frappe.get_all(changes.ORDER, {"name": ("in", sorted(orders)), "docstatus": 1}, pluck="name")
	return {
		name: content_rules.fingerprint(one)
		for name, one in content.stored_contents(changes.ORDER, names).items()
	}


def _tasks(today: date, calendars: _Calendars) -> list[Item]:
	"""Tasks that Production has not released to the workshop by their planned start, or in time (D3).

	Of an order that has ended they are to be withdrawn; of one that is held up nobody can release them.
	"""
	days = settings().release_due_days or 0
	rows = frappe.get_all(
		production.DOCTYPE,
		filters={"docstatus": 0},
		fields=[*_ABOUT, "passed_by", "passed_on", "planned_start"],
		order_by="name",
	)
	for row in rows:
		passed = getdate(row.passed_on)
		# One that is to start before it was passed on is due at once.
		row.due = (
			max(getdate(row.planned_start), passed)
			if row.planned_start
			else calendars[row.company].add_workdays(passed, days)
		)
	rows = [row for row in rows if row.due < today]
	ended, held_up = production.not_releasable({row.reference_name for row in rows})
	found = []
	for row in rows:
		if row.reference_name in held_up:
			continue
		gone = row.reference_name in ended
		found.append(
			Item(
				production.DOCTYPE,
				row,
				rules.Waiting(
					rules.RELEASE,
					row.due,
					(PLANNING, PRODUCTION) if gone else (PRODUCTION,),
					# C12: who passed it on does not release it, and may withdraw it.
					without=frozenset() if gone else frozenset({row.passed_by} - {None}),
				),
				lambda late, row=row, text=ENDED if gone else UNRELEASED: _(text).format(
					late, row.name, row.reference_name
				),
			)
		)
	return found


def _provisional(today: date, staff: rules.Staff) -> list[Item]:
	"""Provisional contracts that no formal one has replaced by its date: who numbered them is waited for, or
	the business manager where that person has left (A4).
	"""
	found = []
	for row in frappe.get_all(
		registration.DOCTYPE,
		filters={**registration.WAITING_FOR_FORMAL, "formal_due": ("<", today)},
		fields=[*_ABOUT, "formal_due", "numbered_by", "contract_number"],
		order_by="name",
	):
		there = row.numbered_by in staff.enabled
		found.append(
			Item(
				registration.DOCTYPE,
				row,
				rules.Waiting(
					rules.FORMAL_CONTRACT,
					getdate(row.formal_due),
					() if there else (BUSINESS_MANAGER,),
					(row.numbered_by,) if there else (),
				),
				lambda late, row=row: _(
					"Overdue by {0} business day(s): the formal contract that replaces {1} of {2}"
				).format(late, row.contract_number or row.name, row.reference_name),
			)
		)
	return found


def _reports(today: date) -> list[Item]:
	"""Complaints of which nobody has decided whether they are reportable, and what is owed to regulators and
	not sent (H4).
	"""
	found = []
	for row in frappe.get_all(
		REPORTABILITY,
		or_filters={"decision": reportability.UNDECIDED, "first_due_on": ("is", "set")},
		fields=[
			"name",
			"company",
			"customer",
			"complaint",
			"regime",
			"decision",
			"decide_by",
			"first_due_on",
		],
		order_by="name",
	):
		undecided = row.decision == reportability.UNDECIDED and row.decide_by and row.decide_by < today
		due = row.decide_by if undecided else row.first_due_on
		if not due or getdate(due) >= today:
			continue
		row.update({"reference_doctype": "Customer Complaint", "reference_name": row.complaint})
		text = NOT_DECIDED if undecided else NOT_REPORTED
		found.append(
			Item(
				REPORTABILITY,
				row,
				rules.Waiting(rules.REPORT, getdate(due), (QUALITY,)),
				lambda late, row=row, text=text: _(text).format(late, row.complaint, row.regime),
			)
		)
	return found


def _advisories(today: date) -> list[Item]:
	"""Advisory notices of which nobody has decided whether they are needed (I1)."""
	return [
		Item(
			ADVISORY,
			row,
			# Who handled the complaint may decide that one is needed, so all of the role are waited for.
			rules.Waiting(rules.ADVISORY, getdate(row.due_on), (MANAGEMENT_REPRESENTATIVE,)),
			lambda late, row=row: _(NO_ADVICE).format(
				late, escape_html(row.item_name or row.item_code or row.reference_name), row.name
			),
		)
		for row in frappe.get_all(
			ADVISORY,
			filters={"decision": advisory_rules.UNDECIDED, "due_on": ("<", today)},
			fields=[
				"name",
				"company",
				"item_code",
				"item_name",
				"reference_doctype",
				"reference_name",
				"due_on",
			],
			order_by="name",
		)
	]


def _opiners(names: list[str]) -> tuple[dict[str, set[str]], dict[str, Any]]:
	"""Return who gave opinions on each of these reviews, and when the last one was given; one query (C12)."""
	opinion = frappe.qb.DocType(reviews.OPINION)
	gave, last = defaultdict(set), {}
	for name, user, given_on in (
		frappe.qb.from_(opinion)
		.select(opinion.contract_review, opinion.given_by, Max(opinion.given_on))
		.where(opinion.contract_review.isin(names) & opinion.given_by.isnotnull())
		.groupby(opinion.contract_review, opinion.given_by)
		.run()
	):
		gave[name].add(user)
		if given_on:
			last[name] = max(given_on, last.get(name, given_on))
	return gave, last


def _preparers(rows: list[frappe._dict], names: list[str]) -> dict[str, set[str]]:
	"""Return who prepared each of these reviews, as `reviews.preparers` says of one (C12)."""
	found, owners = defaultdict(set), _owners(rows)
	for row in rows:
		found[row.name] |= {row.prepared_by, owners.get((row.reference_doctype, row.reference_name))}
		found[row.name] |= {row.assessed_by, row.agreed_by}
	of_changes = {row.change_notice: row.name for row in rows if row.change_notice}
	for notice in frappe.get_all(
		changes.DOCTYPE,
		filters={"name": ("in", list(of_changes) or [""])},
		fields=["name", "prepared_by", "editors", "confirmation_recorded_by"],
	):
		found[of_changes[notice.name]] |= {notice.prepared_by, notice.confirmation_recorded_by}
		found[of_changes[notice.name]] |= set((notice.editors or "").split("\n"))
	for table, field in (
		("Contract Review Criterion", "override_by"),
		("Contract Review Discrepancy", "resolved_by"),
	):
		for name, user in frappe.get_all(
			table,
			filters={"parenttype": reviews.REVIEW, "parent": ("in", names), field: ("is", "set")},
			fields=["parent", field],
			as_list=True,
		):
			found[name].add(user)
	return defaultdict(
		set, {name: {u for u in users if u} - ACCOUNTS_WITHOUT_PERSON for name, users in found.items()}
	)


def _owners(rows: list[frappe._dict]) -> dict[tuple[str, str], str]:
	"""Return who wrote each document that the rows are about; one query a DocType."""
	found = {}
	for doctype, names in _by_doctype((row.reference_doctype, row.reference_name) for row in rows).items():
		for name, owner in frappe.get_all(
			doctype, filters={"name": ("in", names)}, fields=["name", "owner"], as_list=True
		):
			found[(doctype, name)] = owner
	return found


def _by_doctype(documents: Iterable[tuple[str | None, str | None]]) -> dict[str, list[str]]:
	found = defaultdict(set)
	for doctype, name in documents:
		if doctype and name:
			found[doctype].add(name)
	return {doctype: sorted(names) for doctype, names in found.items()}


# Who is there


def _staff(today: date) -> rules.Staff:
	"""Return who holds which role and who covers for whom today; two queries (L1, L2)."""
	user, has_role = frappe.qb.DocType("User"), frappe.qb.DocType("Has Role")
	holders = defaultdict(list)
	enabled = set()
	for name, user_type, role in (
		frappe.qb.from_(user)
		.left_join(has_role)
		.on((has_role.parent == user.name) & (has_role.parenttype == "User"))
		.select(user.name, user.user_type, has_role.role)
		.where((user.enabled == 1) & user.name.notin(sorted(ACCOUNTS_WITHOUT_PERSON)))
		.orderby(user.name)
		.run()
	):
		if user_type == "System User":
			enabled.add(name)
		if role:
			holders[role].append(name)
	lent = [
		Delegation(d.delegator, d.delegate, d.role, getdate(d.from_date), getdate(d.to_date))
		for d in frappe.get_all(
			"Approval Delegation",
			filters={"docstatus": 1, "from_date": ("<=", today), "to_date": (">=", today)},
			fields=["delegator", "delegate", "role", "from_date", "to_date"],
			order_by="creation",
		)
	]
	return rules.Staff(holders, lent, frozenset(enabled))


def _told(today: date) -> set[tuple[str, str, str]]:
	"""Return who was told of which document today (L3)."""
	return set(
		frappe.get_all(
			DOCTYPE,
			filters={"told_on": today},
			fields=["reference_doctype", "reference_name", "user"],
			as_list=True,
		)
	)


def _leave_out_hidden(found: list[Notice]) -> None:
	"""Leave out whom User Permissions of the site keep a record, or what it is about, from (L1).

	Only where such permissions are are the documents read whole: each table of them once.
	"""
	limited = {u for u in {u for notice in found for u in notice.people} if get_user_permissions(u)}
	concerned = [notice for notice in found if limited & set(notice.people)]
	if not concerned:
		return
	items = [notice.item for notice in concerned]
	keys = [(i.doctype, i.row.name) for i in items]
	keys += [(i.row.reference_doctype, i.row.reference_name) for i in items]
	documents = {
		(doctype, doc.name): doc
		for doctype, names in _by_doctype(keys).items()
		for doc in _whole(doctype, names)
	}
	for notice in concerned:
		item = notice.item
		about = [
			documents.get((item.doctype, item.row.name)),
			documents.get((item.row.reference_doctype, item.row.reference_name)),
		]
		for user in limited & set(notice.people):
			if not all(has_user_permission(doc, user) for doc in about if doc):
				del notice.people[user]


def _whole(doctype: str, names: list[str]) -> list[Document]:
	"""Return documents with their rows, one query a table."""
	rows = {
		row.name: {**row, "doctype": doctype}
		for row in frappe.get_all(doctype, filters={"name": ("in", names)}, fields=["*"])
	}
	for field in frappe.get_meta(doctype).get_table_fields():
		for row in frappe.get_all(
			field.options,
			filters={"parenttype": doctype, "parentfield": field.fieldname, "parent": ("in", names)},
			fields=["*"],
			order_by="idx",
		):
			rows[row.parent].setdefault(field.fieldname, []).append({**row, "doctype": field.options})
	return [frappe.get_doc(row) for row in rows.values()]


# Telling


def _tell(notice: Notice, spoken: dict[str, str]) -> None:
	item, row = notice.item, notice.item.row
	_record(item.doctype, row, item.waiting.kind, notice.late, notice.people)
	_let_read(item, notice.people)
	groups = defaultdict(list)
	for user, role in notice.people.items():
		groups[(spoken.get(user), role)].append(user)
	for (code, role), users in groups.items():
		with language(code or frappe.local.lang):
			text = item.subject(notice.late)
			if role:
				text = _("{0} (you are told as {1})").format(text, _(role))
		notify_now(users, text, item.doctype, row.name)


def _record(doctype: str, row: frappe._dict, kind: str, late: int, told: dict[str, str]) -> None:
	"""Write who is told; a second run at the same time breaks on the unique key here, untold (L3)."""
	values = {
		"creation": now(),
		"modified": now(),
		"owner": frappe.session.user,
		"modified_by": frappe.session.user,
		"docstatus": 0,
		"idx": 0,
		"told_on": nowdate(),
		"waits_for": kind,
		"days_late": late,
		"reference_doctype": doctype,
		"reference_name": row.name,
		"company": row.company,
		"customer": row.get("customer"),
	}
	frappe.db.bulk_insert(
		DOCTYPE,
		["name", "user", "told_as", *values],
		[
			(frappe.generate_hash(length=10), user, role or None, *values.values())
			for user, role in told.items()
		],
	)


def _let_read(item: Item, users: Iterable[str]) -> None:
	"""Let a delegate who holds no role of ours read what they are told of (L2)."""
	for user in users:
		if not frappe.has_permission(item.doctype, "read", user=user):
			doc = frappe.get_doc(item.doctype, item.row.name)
			frappe.share.add_docshare(
				doc.doctype, doc.name, user, read=1, flags={"ignore_share_permission": True}
			)
			people.let_read([user], doc)


def notify_now(users: list[str], text: str, doctype: str, name: str) -> None:
	"""Notify users at once and not in the background: told and recorded stand or fall together (L3)."""
	make_notification_logs(
		frappe._dict(
			type="Alert",
			document_type=doctype,
			document_name=name,
			subject=text,
			from_user=frappe.session.user,
		),
		frappe.get_all("User", filters={"name": ("in", users)}, pluck="email"),
	)


def languages() -> dict[str, str]:
	"""Return the language of each user who has chosen one; one query."""
	return dict(
		frappe.get_all(
			"User",
			filters={"enabled": 1, "language": ("is", "set")},
			fields=["name", "language"],
			as_list=True,
		)
	)


def _tell_of_ending_lists(spoken: dict[str, str]) -> None:
	"""Tell the administrator that a company's Holiday List ends soon, or has ended: once a week (L3).

	Beyond its end only its weekly days off are known.
	"""
	today = getdate(nowdate())
	company, days = frappe.qb.DocType("Company"), frappe.qb.DocType(HOLIDAY_LIST)
	rows = (
		frappe.qb.from_(company)
		.join(days)
		.on(days.name == company.default_holiday_list)
		.select(days.name, days.to_date, Min(company.name).as_("company"))
		.where(days.to_date < add_days(today, BEFORE_END))
		.groupby(days.name, days.to_date)
		.run(as_dict=True)
	)
	if not rows:
		return
	users = people.holders(ADMINISTRATOR_ROLE) or ["Administrator"]
	lately = set(
		frappe.get_all(
			DOCTYPE,
			filters={"reference_doctype": HOLIDAY_LIST, "told_on": (">", add_days(today, -AGAIN_AFTER))},
			fields=["reference_name", "user"],
			as_list=True,
		)
	)
	for row in rows:
		told = {u: "" for u in users if (row.name, u) not in lately}
		if not told:
			continue
		with _alone(f"Escalation: {HOLIDAY_LIST} {row.name}"):
			_record(HOLIDAY_LIST, row, HOLIDAY_LIST, 0, told)
			for user in told:
				with language(spoken.get(user) or frappe.local.lang):
					text = _(
						"Holiday List {0} of {1} ends on {2}. After that only its weekly days off count as "
						"days off: extend it, or give the company a new one."
					).format(escape_html(row.name), escape_html(row.company), format_date(row.to_date))
				notify_now([user], text, HOLIDAY_LIST, row.name)

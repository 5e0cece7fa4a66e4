"""Whom an applied change of a contract has to reach, and how the customer is told (E6, E7, F5)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from qms_customer.rules import mark, says
from qms_customer.rules.aspects import Department
from qms_customer.rules.content import Change
from qms_customer.rules.contract import CLOCKS_DIFFER
from qms_customer.rules.notice import CHANGE
from qms_customer.rules.people import FINANCE
from qms_customer.rules.review import Refusal

# E6: not in the routing table, as it reviews nothing; it executes what is paid, how and when.
FINANCE_DEPARTMENT = "Finance"
# E6: what of a contract changes what is billed or paid. Quantities and items do so as well as prices.
MONEY = frozenset(
	{
		"qty",
		"uom",
		"conversion_factor",
		"rate",
		"item_code",
		"discount_percentage",
		"discount_amount",
		"additional_discount_percentage",
		"apply_discount_on",
		"is_free_item",
		"item_tax_template",
		"shipping_rule",
		"currency",
		"conversion_rate",
		"coupon_code",
		"loyalty_points",
		"disable_rounded_total",
		"customer_address",
		"po_no",
		"po_date",
		"terms",
		"payment_terms_template",
		"qms_payment_method",
		"qms_payment_terms",
		"qms_agreed_terms",
	}
)
MONEY_TABLES = frozenset({"taxes", "payment_schedule"})
# The lines themselves: one that is added or removed is billed, or is not any more.
ROWS = "items"

EMAIL = "E-mail"
# How a customer is told, and how Frappe files it; an e-mail is sent from here.
WAYS = {
	EMAIL: "Email",
	"Call": "Phone",
	"Letter": "Other",
	"Fax": "Other",
	mark("Meeting"): "Meeting",
	mark("Visit"): "Visit",
	mark("Chat"): "Chat",
}


@dataclass(frozen=True)
class Recipient:
	"""A department that acknowledges a change: its name, the role whose holders do so, why it is asked."""

	department: str
	role: str
	reason: str


@dataclass(frozen=True)
class Told:
	"""E7, F5: how a customer was told, whom of the customer's, when, and what was said.

	`addresses`: of an e-mail, those that could be read as addresses.
	"""

	how: str = ""
	whom: str = ""
	when: datetime | None = None
	text: str = ""
	addresses: Sequence[str] = ()


def recipients(
	kind: str, changes: Iterable[Change], departments: Sequence[Department]
) -> tuple[Recipient, ...]:
	"""Return the departments that execute a contract and so acknowledge its change, each once (E6).

	Those of the routing table execute every contract. Finance is asked where money or terms change, and
	where the contract is cancelled, closed or re-opened: then nothing of it is paid as it was.
	"""
	found = {
		d.name: Recipient(d.name, d.role, mark("It executes the contract.")) for d in departments if d.role
	}
	if FINANCE_DEPARTMENT not in found and touches_money(kind, changes):
		found[FINANCE_DEPARTMENT] = Recipient(FINANCE_DEPARTMENT, FINANCE, mark("Money or terms change."))
	return tuple(found.values())


def touches_money(kind: str, changes: Iterable[Change]) -> bool:
	"""Return whether a change concerns what is billed or paid, or the terms of it (E6)."""
	return kind != CHANGE or any(
		c.field in MONEY or c.table in MONEY_TABLES or (c.table == ROWS and not c.field) for c in changes
	)


def acknowledge_refusals(role: str, own_roles: Collection[str], present: bool, comment: str) -> list[Refusal]:
	"""Return what stands against a person's acknowledgement for a department (E6, K1, K3).

	It is a person's own, who holds the department's role in their own right. Who prepared the notice may do
	so for a department of theirs: acknowledging approves nothing.
	"""
	if not present or role not in own_roles:
		return [Refusal("E6", mark("This is acknowledged by a person with the role {0}."), (role,))]
	if not comment.strip():
		return [Refusal("K1", mark('Give a comment, or write "/" where there is none.'))]
	return []


def told_refusals(told: Told, can_send: bool, decided_on: datetime | None, now: datetime) -> list[Refusal]:
	"""Return what is missing before it is on record that the customer was told the result (E7, F5, K3)."""
	if told.how not in WAYS:
		return [Refusal("E7", mark("Say how the customer is told."))]
	found = []
	if not says(told.text):
		found.append(Refusal("E7", mark("Say what the customer is told.")))
	if told.how == EMAIL:
		if not can_send:
			found.append(
				Refusal(
					"E7",
					mark(
						"This site has no account to send e-mail with. Tell the customer in another way, and "
						"record it."
					),
				)
			)
		elif not told.addresses:
			found.append(Refusal("E7", mark("Give the e-mail address of the customer.")))
		return found
	if not says(told.whom):
		found.append(Refusal("E7", mark("Say who of the customer's was told.")))
	if told.when is None:
		found.append(Refusal("E7", mark("Say when the customer was told.")))
	elif told.when > now + CLOCKS_DIFFER:
		found.append(Refusal("K3", mark("The customer cannot have been told in the future.")))
	elif decided_on and told.when < decided_on.replace(second=0, microsecond=0):
		found.append(Refusal("K3", mark("The customer cannot have been told before it was decided.")))
	return found

"""The contract change notice 合同变更通知单: what it proposes, and what stands against it (E1, E2, E5, E8,
K3).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from qms_customer.rules import mark, says
from qms_customer.rules.contract import CLOCKS_DIFFER
from qms_customer.rules.review import Refusal

# E1, E8: what is done to a contract by a notice.
CHANGE, CANCEL, CLOSE, REOPEN = "Change", "Cancel", "Close", "Re-open"
KINDS = (CHANGE, CANCEL, CLOSE, REOPEN)

CUSTOMER, COMPANY = "Customer", "Company"
ASKERS = (CUSTOMER, COMPANY)

# The one list of what a notice may change in the head of an order (E7): everything else of a contract is
# another contract. The last two are tables.
HEAD_FIELDS = (
	"po_no",
	"po_date",
	"customer_address",
	"shipping_address_name",
	"qms_delivery_method",
	"incoterm",
	"named_place",
	"shipping_rule",
	"qms_payment_method",
	"payment_terms_template",
	"apply_discount_on",
	"additional_discount_percentage",
	"discount_amount",
	"qms_packaging",
	"qms_packaging_details",
	"from_date",
	"to_date",
	"terms",
	"qms_requirements",
	"qms_documents",
)
HEAD_TABLES = ("qms_requirements", "qms_documents")
# What a notice may change in a row; `item_code` only in one that is added.
ROW_FIELDS = ("item_code", "qty", "uom", "conversion_factor", "rate", "delivery_date")

# What happens to a line.
KEEP, ALTER, ADD, REMOVE = "Keep", "Change", "Add", "Remove"

# How the customer confirmed.
CALL, SIGNED_AGREEMENT = "Call", "Signed Agreement"
WAYS = ("E-mail", "Letter", "Fax", "Signed Notice", SIGNED_AGREEMENT, CALL)


@dataclass(frozen=True)
class RowChange:
	"""What a notice proposes for one row: the name of the order's row, "" for one that is added."""

	row: str = ""
	remove: bool = False
	values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
	"""What a notice proposes (E1): only what differs from the order as it stands."""

	kind: str
	rows: tuple[RowChange, ...] = ()
	head: Mapping[str, Any] = field(default_factory=dict)

	def __bool__(self) -> bool:
		"""Return whether anything is proposed at all."""
		return self.kind != CHANGE or bool(self.rows or self.head)


@dataclass(frozen=True)
class Confirmation:
	"""E2, E4, E5: who of the customer's confirmed a change, when and how, with what to show for it.

	`evidence`: a stored file or a communication. `call`, `internal`: E4, the records of the call with the
	customer and of telling the departments.
	"""

	confirmed_by: str = ""
	confirmed_on: datetime | None = None
	how: str = ""
	evidence: bool = False
	call: str = ""
	internal: str = ""


def what_happens(row: str, remove: bool, changed: bool) -> str:
	"""Return what happens to a line, by its values alone: nobody says so by hand (E1)."""
	if not row:
		return ADD
	if remove:
		return REMOVE
	return ALTER if changed else KEEP


def line_refusals(number: int, row: str, values: Mapping[str, Any], delivered: float) -> list[Refusal]:
	"""Return what is wrong with a proposed line (E1); what ERPNext refuses besides, its own dry run says."""
	found = []
	if not row and not values.get("item_code"):
		found.append(Refusal("E1", mark("Line {0}: name the item that is added."), (str(number),)))
	if not (values.get("qty") or 0) > 0:
		found.append(
			Refusal(
				"E1",
				mark("Line {0}: the quantity has to be above 0. A line is removed by its box."),
				(str(number),),
			)
		)
	elif values["qty"] < delivered:
		found.append(
			Refusal("E7", mark("Line {0}: {1} are delivered already."), (str(number), f"{delivered:g}"))
		)
	if (values.get("rate") or 0) < 0:
		found.append(Refusal("E1", mark("Line {0}: the rate is below 0."), (str(number),)))
	if not values.get("delivery_date"):
		found.append(Refusal("E1", mark("Line {0}: give the delivery date."), (str(number),)))
	return found


def reviewed_date(current: date | None, shifts: Iterable[tuple[date | None, bool]]) -> date | None:
	"""Return the date of a row that was last reviewed (E4).

	`shifts`: of the changes of its date that were applied, the latest first, the date before and whether it
	was reviewed. A shift that passed without review does not move what the days are counted from.
	"""
	for before, reviewed in shifts:
		if reviewed:
			break
		current = before
	return current


def forward_refusals(
	proposal: Proposal, asked_by: str, reason: str, category: str, affects_production: str, dry: Sequence[str]
) -> list[Refusal]:
	"""Return what a notice lacks before it goes to the customer and the departments (E1).

	`dry`: what ERPNext refuses, in words.
	"""
	found = []
	if asked_by not in ASKERS:
		found.append(Refusal("E1", mark("Say who asks for the change: the customer or the company.")))
	if not says(reason):
		found.append(Refusal("E1", mark("Say why the contract is changed.")))
	if not category:
		found.append(Refusal("E1", mark("Choose the category of the reason.")))
	if not affects_production:
		found.append(Refusal("E1", mark("Say whether production is affected.")))
	if not proposal:
		found.append(Refusal("E1", mark("The notice changes nothing yet.")))
	found += [Refusal("E7", mark("ERPNext would refuse it: {0}"), (text,)) for text in dry]
	return found


def confirmation_refusals(
	given: Confirmation, asked_by: str, call_is_enough: bool, now: datetime
) -> list[Refusal]:
	"""Return what a customer's confirmation lacks (E2, E4, E5, K3).

	Where the company asked, the agreement comes back signed. A call is enough only where E4 says so, with
	both records. Otherwise there is a document.
	"""
	rule = "E5" if asked_by == COMPANY else "E2"
	found = []
	if not says(given.confirmed_by):
		found.append(Refusal(rule, mark("Say who of the customer's confirmed it.")))
	if given.confirmed_on is None:
		found.append(Refusal(rule, mark("Say when it was confirmed.")))
	elif given.confirmed_on > now + CLOCKS_DIFFER:
		found.append(Refusal("K3", mark("The confirmation lies in the future.")))
	if given.how not in WAYS:
		found.append(Refusal(rule, mark("Say how it was confirmed.")))
	if asked_by == COMPANY:
		if given.how != SIGNED_AGREEMENT or not given.evidence:
			found.append(
				Refusal("E5", mark("The company asks: attach the agreement that the customer has signed."))
			)
	elif given.how == CALL:
		if not call_is_enough:
			found.append(
				Refusal("E4", mark("A call is not enough for this change: it needs a written confirmation."))
			)
		elif not (says(given.call) and says(given.internal)):
			found.append(
				Refusal(
					"E4",
					mark(
						"Record the call with the customer, and the internal communication that followed it."
					),
				)
			)
	elif not given.evidence:
		found.append(
			Refusal(rule, mark("Attach what the customer confirmed it with, or choose the letter or e-mail."))
		)
	return found

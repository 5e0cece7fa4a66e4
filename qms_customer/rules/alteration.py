"""What the change of a committed order asks of ERPNext, and whether it can be changed at all (E7, E8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qms_customer.rules import mark
from qms_customer.rules.content import TEXT, normal
from qms_customer.rules.notice import CLOSE, KINDS, REOPEN, Proposal
from qms_customer.rules.review import Refusal

SUBMITTED = 1
DONE = 100.0


@dataclass(frozen=True)
class Standing:
	"""How an order stands in ERPNext; delivered and billed in per cent."""

	order: str
	docstatus: int
	status: str
	delivered: float = 0
	billed: float = 0


@dataclass(frozen=True)
class Plan:
	"""What is asked of ERPNext.

	`items`: all rows as Update Items takes them, `asks`: whether any of them changes. `written`: by row,
	fields that Update Items does not know, written with the head. `expected`: by row, what must stand there
	afterwards.
	"""

	items: tuple[Mapping[str, Any], ...]
	asks: bool
	written: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
	expected: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
	refusals: tuple[Refusal, ...] = ()


def kind_refusals(kind: str, order: Standing) -> list[Refusal]:
	"""Return what stands against this kind of change, as the order is now (E7, E8).

	A cancelled order or a draft is not changed; a closed one is re-opened first; only a closed one is
	re-opened; nothing is left to close on one that is delivered and billed.
	"""
	if kind not in KINDS:
		return [Refusal("E7", mark("{0} is not something that is done to a contract."), (kind,))]
	if order.docstatus != SUBMITTED:
		return [
			Refusal("E7", mark("{0} is not a committed order: nothing is changed on it."), (order.order,))
		]
	closed = order.status == "Closed"
	if closed and kind != REOPEN:
		return [Refusal("E7", mark("{0} is closed. Re-open it first."), (order.order,))]
	if kind == REOPEN and not closed:
		return [Refusal("E7", mark("{0} is not closed."), (order.order,))]
	if kind == CLOSE and order.delivered >= DONE and order.billed >= DONE:
		return [
			Refusal(
				"E7",
				mark("{0} is delivered and billed completely: there is nothing to close."),
				(order.order,),
			)
		]
	return []


def plan(proposal: Proposal, rows: Sequence[Mapping[str, Any]], asked: Iterable[str]) -> Plan:
	"""Return what the row changes of a proposal ask of ERPNext's Update Items (E7).

	`rows`: the order's rows as stored, in their order; `asked`: the fields that Update Items knows. A row
	that is gone meanwhile is refused. A changed unit without a factor takes the item's own.
	"""
	asked = tuple(asked)
	by_name = {row["name"]: row for row in rows}
	changes = {change.row: change for change in proposal.rows if change.row}
	gone = [change for name, change in changes.items() if name not in by_name]
	refusals = tuple(
		Refusal("E7", mark("A row that this notice changes is no longer on the order ({0})."), (change.row,))
		for change in gone
	)
	items, written, expected, asks = [], {}, {}, False
	for row in rows:
		change = changes.get(row["name"])
		if change and change.remove:
			asks = True
			continue
		values = dict(change.values) if change else {}
		known = {name: values[name] for name in asked if name in values}
		if "uom" in known and "conversion_factor" not in known:
			known["conversion_factor"] = None
		items.append({"docname": row["name"], **{n: row[n] for n in asked}, **known, "idx": len(items) + 1})
		asks = asks or bool(known)
		if values:
			expected[row["name"]] = values
		if others := {name: value for name, value in values.items() if name not in asked}:
			written[row["name"]] = others
	for change in proposal.rows:
		if not change.row and not change.remove:
			asks = True
			added = {n: change.values[n] for n in asked if change.values.get(n) not in (None, "")}
			items.append({**added, "idx": len(items) + 1})
	return Plan(tuple(items), asks, written, expected, refusals)


def missed(
	wanted: Mapping[str, Any],
	stored: Mapping[str, Any],
	kinds: Mapping[str, str],
	where: str = "",
	labels: Mapping[str, str] | None = None,
) -> list[Refusal]:
	"""Return the values that an order does not have although they were proposed (E7): never silently less.

	`where`: the item of a row. `labels`: how fields are called.
	"""
	found = []
	for name, value in wanted.items():
		kind = kinds.get(name, TEXT)
		if normal(value, kind) != normal(stored.get(name), kind):
			found.append(
				Refusal(
					"E7",
					mark("{0} {1}: ERPNext makes {2} of the proposed {3}. Propose a value that it keeps."),
					(where, (labels or {}).get(name, name), str(stored.get(name) or "/"), str(value or "/")),
				)
			)
	return found

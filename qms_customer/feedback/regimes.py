"""Under which regimes events are reported, by which rules: data of the site (H4).

`rules.reportability.DEFAULTS` ships once; what a site has corrected since is never written over.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import frappe
from frappe.utils import cint, getdate

from qms_customer.contract import workdays
from qms_customer.rules import reportability as rules
from qms_customer.rules.workdays import Calendar

REGIME, RULE, MARKET = "Reporting Regime", "Reporting Rule", "Item Market"


@dataclass(frozen=True)
class Known:
	"""The regimes of the site by name, their calendars, and the rules of all; none disabled is `asked`."""

	regimes: dict[str, rules.Regime]
	calendars: dict[str, Calendar]
	rules: tuple[rules.ClockRule, ...]


def read() -> Known:
	"""Return the regimes and rules of the site; two queries, and the Holiday Lists from the cache (H4)."""
	heads = frappe.get_all(
		REGIME,
		fields=["name", "authority", "time_zone", "home_country", "holiday_list", "asked", "disabled"],
		order_by="creation, name",
	)
	return Known(
		{
			row.name: rules.Regime(
				row.name,
				row.authority or "",
				row.time_zone,
				row.home_country or "",
				bool(row.asked and not row.disabled),
			)
			for row in heads
		},
		{row.name: workdays.of_list(row.holiday_list) for row in heads},
		tuple(
			rules.ClockRule(
				row.regime,
				row.event,
				row.what,
				cint(row.time_limit),
				row.unit,
				row.source or "",
				{"Yes": True, "No": False}.get(row.overseas),
				getdate(row.valid_from) if row.valid_from else None,
				getdate(row.valid_to) if row.valid_to else None,
				bool(row.confirmed),
			)
			for row in frappe.get_all(
				RULE,
				fields=[
					*("regime", "event", "what", "time_limit", "unit", "source"),
					*("overseas", "valid_from", "valid_to", "confirmed"),
				],
				order_by="creation, name",
			)
		),
	)


def markets(items: Iterable[str]) -> dict[str, list[str]]:
	"""Return by item in which regimes it is marketed; one query (H4)."""
	found: dict[str, list[str]] = {}
	for item, regime in frappe.get_all(
		MARKET,
		filters={"parenttype": "Item", "parent": ("in", sorted({i for i in items if i}) or [""])},
		fields=["parent", "regime"],
		order_by="parent, idx",
		as_list=True,
	):
		found.setdefault(item, []).append(regime)
	return found


def seed() -> None:
	"""Enter the regimes and rules that ship, where a site has no regime yet (H4)."""
	if frappe.db.count(REGIME):
		return
	for one in rules.REGIMES:
		frappe.get_doc(
			{
				"doctype": REGIME,
				"regime": one.name,
				"authority": one.authority,
				"time_zone": one.zone,
				# Not "country": of a field with that name an empty one takes the country of the site.
				"home_country": one.country if frappe.db.exists("Country", one.country or "") else None,
				"asked": int(one.asked),
			}
		).insert(ignore_permissions=True)
	for rule in rules.DEFAULTS:
		frappe.get_doc(
			{
				"doctype": RULE,
				"regime": rule.regime,
				"event": rule.event,
				"what": rule.what,
				"time_limit": rule.limit,
				"unit": rule.unit,
				"source": rule.source,
				"overseas": {True: "Yes", False: "No", None: ""}[rule.overseas],
				"valid_from": rule.valid_from,
				"valid_to": rule.valid_to,
				"confirmed": int(rule.confirmed),
			}
		).insert(ignore_permissions=True)

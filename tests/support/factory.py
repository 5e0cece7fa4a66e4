"""A small factory for the tests: workstations, BOMs of two levels, work orders, purchase orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import add_days, nowdate

from tests.support import contracts as c
from tests.support.company import ABBR, COMPANY
from tests.support.staged import staged


@staged
def holiday_list(until: int = 300, days_off: tuple[int, ...] = ()) -> str:
	"""Return a Holiday List that ends in `until` days; `days_off`: holidays, in days from today."""
	return (
		frappe.get_doc(
			{
				"doctype": "Holiday List",
				"holiday_list_name": c.unique("Factory"),
				"from_date": add_days(nowdate(), -30),
				"to_date": add_days(nowdate(), until),
				"holidays": [
					{"holiday_date": add_days(nowdate(), n), "description": "Off"} for n in days_off
				],
			}
		)
		.insert()
		.name
	)


@staged
def workstation(hours: float = 8, **values: Any) -> str:
	"""Return a workstation that works from eight in the morning, every day unless said otherwise."""
	end = f"{8 + int(hours):02}:{int(hours % 1 * 60):02}:00"
	rows = [{"start_time": "08:00:00", "end_time": end, "enabled": 1}] if hours else []
	return (
		frappe.get_doc(
			{
				"doctype": "Workstation",
				"workstation_name": c.unique("WS"),
				"production_capacity": 1,
				"hour_rate_labour": 10,
				"holiday_list": values.pop("holiday_list", None) or holiday_list(),
				"working_hours": rows,
				**values,
			}
		)
		.insert()
		.name
	)


@staged
def operation(place: str = "") -> str:
	"""Return an operation; `place`: the workstation where it usually runs."""
	name = c.unique("Op")
	frappe.get_doc({"doctype": "Operation", "name": name, "workstation": place or None}).insert()
	return name


@staged
def bom(
	code: str,
	parts: dict[str, float],
	steps: Sequence[dict[str, Any]] = (),
	quantity: float = 1,
	source: str | None = None,
) -> str:
	"""Return the submitted default BOM of an item; a step is at least workstation and time_in_mins, `source`
	the warehouse of the parts.
	"""
	doc = frappe.get_doc(
		{
			"doctype": "BOM",
			"item": code,
			"company": COMPANY,
			"quantity": quantity,
			"currency": "CNY",
			"conversion_rate": 1,
			"is_active": 1,
			"is_default": 1,
			"with_operations": int(bool(steps)),
			"rm_cost_as_per": "Valuation Rate",
			"items": [
				{"item_code": part, "qty": qty, "rate": 1, "source_warehouse": source}
				for part, qty in parts.items()
			],
			"operations": [
				{"operation": operation(step.get("workstation", "")), "hour_rate": 10, **step}
				for step in steps
			],
		}
	)
	doc.insert()
	doc.submit()
	return doc.name


class Factory:
	"""Pumps as in the rules' example: an hour of assembly, two bodies and four seals each; bodies are pressed
	ten at a time in four hours, of five kilograms of steel. Gauges take an hour of assembly, too.
	"""

	def __init__(self, **press: Any) -> None:
		self.assembly, self.press = workstation(), workstation(**press)
		self.steel = c.item(lead_time_days=3)
		self.seal = c.item(stock=100, lead_time_days=7)
		self.body = c.item(lead_time_days=0)
		self.pump = c.item(lead_time_days=0)
		self.body_bom = bom(
			self.body, {self.steel: 5}, [{"workstation": self.press, "time_in_mins": 240}], quantity=10
		)
		self.pump_bom = bom(
			self.pump,
			{self.body: 2, self.seal: 4},
			[{"workstation": self.assembly, "time_in_mins": 60}],
		)
		self.gauge = c.item(lead_time_days=0)
		self.gauge_bom = bom(
			self.gauge, {self.steel: 1}, [{"workstation": self.assembly, "time_in_mins": 60}]
		)
		# Work orders are laid out by the tests: ERPNext would look for a slot, from the hour of the day on.
		frappe.db.set_single_value("Manufacturing Settings", "disable_capacity_planning", 1)

	def keep_busy(self, hours: float, ends: int) -> Document:
		"""Return a work order for gauges that takes so many hours of assembly."""
		return self.work_order(hours, ends, production_item=self.gauge, bom_no=self.gauge_bom)

	def work_order(self, quantity: float, ends: int = 10, **values: Any) -> Document:
		"""Return a submitted work order for pumps alone, without its sub-assemblies."""
		order = frappe.get_doc(
			{
				"doctype": "Work Order",
				"company": COMPANY,
				"production_item": self.pump,
				"bom_no": self.pump_bom,
				"qty": quantity,
				"use_multi_level_bom": 0,
				"wip_warehouse": f"Work In Progress - {ABBR}",
				"fg_warehouse": c.warehouse(),
				"source_warehouse": c.warehouse(),
				"planned_start_date": nowdate(),
				**values,
			}
		)
		order.set_work_order_operations()
		order.get_items_and_operations_from_bom()
		order.insert()
		order.submit()
		ended = add_days(nowdate(), ends)
		# When ERPNext plans it to end depends on the hour at which the test runs.
		order.db_set({"planned_end_date": ended, "expected_delivery_date": ended})
		for row in order.operations:
			row.db_set("planned_end_time", f"{ended} 16:00:00")
		return order


@staged
def purchase_order(code: str, quantity: float, days: int) -> Document:
	"""Return a submitted purchase order that comes in so many days."""
	supplier = frappe.get_doc(
		{
			"doctype": "Supplier",
			"supplier_name": c.unique("Supplier"),
			"supplier_group": "All Supplier Groups",
		}
	).insert()
	due = add_days(nowdate(), days)
	order = frappe.get_doc(
		{
			"doctype": "Purchase Order",
			"company": COMPANY,
			"supplier": supplier.name,
			"schedule_date": due,
			"items": [
				{
					"item_code": code,
					"qty": quantity,
					"rate": 1,
					"schedule_date": due,
					"warehouse": c.warehouse(),
				}
			],
		}
	)
	order.insert()
	order.submit()
	return order

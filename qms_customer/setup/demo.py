"""The demo company. bin/demo runs this in the bench's sites folder: `python -m qms_customer.setup.demo STEP
SITE`.

Whatever is there was put there by the person whose work it is, through the functions that the forms call.
Each step is one transaction and is noted in it, so that a load that was killed goes on where it stopped, and
one that is complete changes nothing.
"""

import argparse
import datetime
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from frappe.utils import add_days, nowdate

from qms_customer.contract.settings import DOCTYPE as SETTINGS
from qms_customer.records import credentials, signing
from qms_customer.rules import people as roles
from qms_customer.rules import qualification
from qms_customer.setup import demo_data as data

LEDGER = "qms_demo_steps"


class Demo:
	"""What the steps share: the company, the password of the logins, who is who."""

	def __init__(self, company: str, password: str) -> None:
		self.company = company
		self.abbr = frappe.get_cached_value("Company", company, "abbr")
		self.password = password
		self.finished_goods = f"Finished Goods - {self.abbr}"
		self.stores = f"Stores - {self.abbr}"

	@staticmethod
	def user(key: str) -> str:
		"""Return the login of a person of `demo_data.PEOPLE`."""
		return f"{key}@{data.DOMAIN}"

	@contextmanager
	def acting(self, key: str) -> Iterator[str]:
		"""Run the block as this person, who has logged in and signs with the password."""
		before, user = frappe.session.user, self.user(key)
		frappe.set_user(user)
		frappe.session.sid = f"demo {user}"
		try:
			with signing.pen({"user": user, "password": self.password}):
				yield user
		finally:
			frappe.set_user(before)


Step = tuple[str, str, Callable[[Demo], None]]


def steps() -> list[Step]:
	"""Return the steps in their order: key, what it does, function."""
	from qms_customer.setup import demo_orders

	return [
		("people", "people: one login per role", _people),
		("settings", "limits, delegation, and who may make blanket orders", _settings),
		("terms", "payment terms", _terms),
		("standards", "enterprise standards, one of them expired", _standards),
		("items", "products and parts", _items),
		("route", "workstations and operations", _route),
		("boms", "bills of materials", _boms),
		("stock", "opening stock", _stock),
		("customers", "hospitals and distributors", _customers),
		*demo_orders.STORIES,
	]


def load(
	company: str,
	password: str,
	commit: Callable[[], None] = lambda: None,
	say: Callable[[str], None] = lambda line: None,
) -> int:
	"""Load what is not loaded yet into the connected site, as Administrator; return how many steps were
	done.
	"""
	demo, done, count = Demo(company, password), _done(), 0
	todo = steps()
	for number, (key, what, step) in enumerate(todo, 1):
		if key in done:
			continue
		say(f"  {number:2}/{len(todo)} {what}")
		step(demo)
		done.append(key)
		frappe.db.set_default(LEDGER, json.dumps(done))
		commit()
		count += 1
	return count


def complete_wizard() -> None:
	"""Answer ERPNext's setup wizard for the demo company, and switch off what would reach out or get in the
	way.
	"""
	from frappe.desk.page.setup_wizard.setup_wizard import setup_complete

	year = datetime.date.today().year
	answer = setup_complete(
		{
			"language": "English",
			"country": "China",
			"timezone": "Asia/Shanghai",
			"currency": "CNY",
			"full_name": "系统管理员 System Administrator",
			"email": f"it@{data.DOMAIN}",
			"password": frappe.generate_hash(length=32),
			"company_name": data.COMPANY,
			"company_abbr": data.ABBR,
			"chart_of_accounts": "Standard",
			"fy_start_date": f"{year}-01-01",
			"fy_end_date": f"{year}-12-31",
			"enable_telemetry": 0,
			"setup_demo": 0,
		}
	)
	if answer != {"status": "ok"} or not frappe.db.exists("Company", data.COMPANY):
		raise RuntimeError(f"the setup wizard did not finish: {answer}")
	for start in (year - 1, year + 1, year + 2):
		if not frappe.db.exists("Fiscal Year", {"year_start_date": f"{start}-01-01"}):
			frappe.get_doc(
				{
					"doctype": "Fiscal Year",
					"year": str(start),
					"year_start_date": f"{start}-01-01",
					"year_end_date": f"{start}-12-31",
				}
			).insert()
	for field, value in (
		("enable_onboarding", 0),
		("disable_system_update_notification", 1),
		("disable_change_log_notification", 1),
	):
		frappe.db.set_single_value("System Settings", field, value)
	# The account that the wizard makes has a password nobody knows, and holds roles of every department.
	frappe.db.set_value("User", f"it@{data.DOMAIN}", "enabled", 0)


def _done() -> list[str]:
	return json.loads(frappe.db.get_default(LEDGER) or "[]")


def _people(demo: Demo) -> None:
	for person in data.PEOPLE:
		user = frappe.new_doc("User")
		first, _, last = person.name.partition(" ")
		user.update(
			{
				"email": person.email,
				"first_name": first,
				"last_name": last,
				"language": person.language,
				"time_zone": "Asia/Shanghai",
				"send_welcome_email": 0,
				"new_password": demo.password,
			}
		)
		user.append_roles(*person.ours, *person.erp)
		user.flags.no_welcome_mail = True
		user.insert()
		# The people of the worked example sign at once: their password counts as their own choice.
		credentials.establish(user.name)


def _settings(demo: Demo) -> None:
	from frappe.permissions import add_permission, update_permission_property

	with demo.acting("mr"):
		settings = frappe.get_doc(SETTINGS)
		settings.small_amount, settings.small_quantity = data.SMALL_AMOUNT, data.SMALL_QUANTITY
		settings.change_reason = (
			"Small routine orders may be signed by the salesperson (C5); decided in the management review"
		)
		settings.save()
	with demo.acting("vp"):
		delegation = frappe.get_doc(
			{
				"doctype": "Approval Delegation",
				"role": roles.SALES_VP,
				"delegate": demo.user("manager"),
				"from_date": nowdate(),
				"to_date": add_days(nowdate(), 60),
				"reason": "出差 Business trip",
			}
		)
		delegation.insert()
		delegation.submit()
	# ERPNext lets only system managers make blanket orders; here Sales does.
	if not frappe.db.exists("Custom DocPerm", {"parent": "Blanket Order", "role": "Sales User"}):
		add_permission("Blanket Order", "Sales User", 0)
	for right in ("read", "write", "create", "submit", "cancel"):
		update_permission_property("Blanket Order", "Sales User", 0, right, 1, validate=False)


def _terms(demo: Demo) -> None:
	term = {
		"invoice_portion": 100,
		"due_date_based_on": "Day(s) after invoice date",
		"credit_days": 30,
	}
	with demo.acting("finance"):
		frappe.get_doc({"doctype": "Payment Term", "payment_term_name": data.TERMS, **term}).insert()
		frappe.get_doc(
			{
				"doctype": "Payment Terms Template",
				"template_name": data.TERMS,
				"terms": [{"payment_term": data.TERMS, **term}],
			}
		).insert()


def _standards(demo: Demo) -> None:
	with demo.acting("rnd"):
		for s in data.STANDARDS:
			frappe.get_doc(
				{
					"doctype": "Product Standard",
					"standard_number": s.number,
					"standard_version": s.version,
					"title": s.title,
					"valid_from": add_days(nowdate(), s.start),
					"valid_to": add_days(nowdate(), s.end),
				}
			).insert()


def _items(demo: Demo) -> None:
	names = dict(frappe.get_all("Product Standard", fields=["standard_number", "name"], as_list=True))
	common = {"doctype": "Item", "stock_uom": "Nos", "is_stock_item": 1}
	with demo.acting("rnd"):
		for product in data.PRODUCTS:
			frappe.get_doc(
				{
					**common,
					"item_code": product.code,
					"item_name": product.name,
					"item_group": "Products",
					"lead_time_days": product.lead_time,
					"valuation_rate": product.cost,
					"qms_product_standard": names.get(product.standard),
				}
			).insert()
		for code, name, cost in data.PARTS:
			frappe.get_doc(
				{
					**common,
					"item_code": code,
					"item_name": name,
					"item_group": "Raw Material",
					"is_sales_item": 0,
					"lead_time_days": 14,
					"valuation_rate": cost,
				}
			).insert()


def _route(demo: Demo) -> None:
	with demo.acting("production"):
		for workstation, operation, _share in data.ROUTE:
			frappe.get_doc(
				{
					"doctype": "Workstation",
					"workstation_name": workstation,
					"production_capacity": 2,
					"hour_rate_labour": 60,
					"working_hours": [{"start_time": "08:00:00", "end_time": "17:00:00"}],
				}
			).insert()
			frappe.get_doc({"doctype": "Operation", "name": operation, "workstation": workstation}).insert()


def _boms(demo: Demo) -> None:
	with demo.acting("production"):
		for product in data.PRODUCTS:
			if not product.parts:
				continue
			bom = frappe.get_doc(
				{
					"doctype": "BOM",
					"item": product.code,
					"company": demo.company,
					"quantity": 1,
					"with_operations": 1,
					"rm_cost_as_per": "Valuation Rate",
					"items": [{"item_code": code, "qty": qty} for code, qty in product.parts],
					"operations": [
						{
							"operation": operation,
							"workstation": station,
							"time_in_mins": product.minutes * share,
						}
						for station, operation, share in data.ROUTE
					],
				}
			)
			bom.insert()
			bom.submit()


def _stock(demo: Demo) -> None:
	rows = [
		{"item_code": p.code, "qty": p.stock, "t_warehouse": demo.finished_goods, "basic_rate": p.cost}
		for p in data.PRODUCTS
		if p.stock
	]
	rows += [
		{"item_code": code, "qty": 150, "t_warehouse": demo.stores, "basic_rate": cost}
		for code, _name, cost in data.PARTS
	]
	with demo.acting("warehouse"):
		entry = frappe.get_doc(
			{
				"doctype": "Stock Entry",
				"stock_entry_type": "Material Receipt",
				"company": demo.company,
				"items": rows,
			}
		)
		entry.insert()
		entry.submit()


def _customers(demo: Demo) -> None:
	with demo.acting("manager"):
		for group in (data.HOSPITAL, data.DISTRIBUTOR):
			frappe.get_doc(
				{
					"doctype": "Customer Group",
					"customer_group_name": group,
					"parent_customer_group": "All Customer Groups",
				}
			).insert()
		for name, group in data.CUSTOMERS:
			frappe.get_doc(
				{
					"doctype": "Customer",
					"customer_name": name,
					"customer_type": "Company",
					"customer_group": group,
					"territory": "China" if frappe.db.exists("Territory", "China") else "All Territories",
					**_qualification(name),
				}
			).insert()


def _qualification(customer: str) -> dict[str, Any]:
	"""A5: what kind of buyer a customer is, and its licence on file."""
	kind, number, days = data.QUALIFICATIONS[customer]
	licence = {
		"kind": qualification.REQUIRED[kind],
		"number": number,
		"scope": data.SCOPES[kind],
		"valid_to": add_days(nowdate(), days),
	}
	return {"qms_buyer_kind": kind, "qms_qualifications": [licence] if number else []}


def main(arguments: list[str]) -> int:
	"""Run a step of bin/demo on a site of this bench; the password of the logins comes on standard input."""
	parser = argparse.ArgumentParser(prog="python -m qms_customer.setup.demo")
	parser.add_argument("step", choices=("wizard", "load", "logins"))
	parser.add_argument("site")
	options = parser.parse_args(arguments)
	if options.step == "logins":
		for person in data.PEOPLE:
			print(f"  {person.email:40} {person.title:30} {person.name}")
		return 0
	frappe.init(options.site)
	frappe.connect()
	try:
		if options.step == "wizard":
			complete_wizard()
		else:
			company = frappe.defaults.get_global_default("company")
			# Each step is a transaction of its own, so that a killed load goes on where it stopped.
			done = load(
				company, sys.stdin.readline().strip(), frappe.db.commit, lambda line: print(line, flush=True)
			)
			print(f"  {done} steps done" if done else "  everything was there already")
		# The end of a command line program's transaction.
		frappe.db.commit()
		frappe.clear_cache()
	finally:
		frappe.destroy()
	return 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))

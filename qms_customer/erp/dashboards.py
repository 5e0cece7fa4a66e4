"""Connections: what reviews there are, on ERPNext's own documents (C10, K6)."""

from typing import Any

from frappe import _

REVIEW, ACTION = "Contract Review", "Review Action"
CYCLE_TIMES = "Contract Review Cycle Times"


def sales_order(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the reviews of a sales order, their actions, and why it was closed or cancelled.

	Not with a dynamic link on `reference_name`, as with the others: ERPNext finds the payments of an order by
	a field of that name, and they know no type there.
	"""
	return _about_it(data, (REVIEW, ACTION, "Contract Status Change"))


def quotation(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the reviews of a quotation, and their actions."""
	return _of_type(_about_it(data, (REVIEW, ACTION)), "Quotation")


def blanket_order(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the reviews of a blanket order, and their actions."""
	return _of_type(_about_it(data, (REVIEW, ACTION)), "Blanket Order")


def customer(data: dict[str, Any]) -> dict[str, Any]:
	"""Add all that was reviewed, asked for and authorised for a customer, and how long it took."""
	return _add(data, (REVIEW, ACTION, "Delivery Authorisation"), CYCLE_TIMES)


def item(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the standard that an item is made to (B1), and how long reviews of contracts with it took."""
	links = data.setdefault("internal_links", {})
	links["Product Standard"] = "qms_product_standard"
	return _add(data, ("Product Standard",), CYCLE_TIMES)


def _add(data: dict[str, Any], doctypes: tuple[str, ...], report: str = "") -> dict[str, Any]:
	data.setdefault("transactions", []).append({"label": _("Contract Review"), "items": list(doctypes)})
	if report:
		data.setdefault("reports", []).append({"label": _("Contract Review"), "items": [report]})
	return data


def _about_it(data: dict[str, Any], doctypes: tuple[str, ...]) -> dict[str, Any]:
	data.setdefault("non_standard_fieldnames", {}).update(dict.fromkeys(doctypes, "reference_name"))
	return _add(data, doctypes)


def _of_type(data: dict[str, Any], doctype: str) -> dict[str, Any]:
	"""Two types may number their documents alike."""
	data.setdefault("dynamic_links", {})["reference_name"] = [doctype, "reference_doctype"]
	return data

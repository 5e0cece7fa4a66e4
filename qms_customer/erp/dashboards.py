"""Connections: what reviews there are, on ERPNext's own documents (C10, K6)."""

from typing import Any

from frappe import _

REVIEW = "Contract Review"
ACTION = "Review Action"
NOTICE = "Contract Change Notice"
ACKNOWLEDGEMENT = "Change Acknowledgement"
REGISTER = "Contract Register Entry"
CYCLE_TIMES = "Contract Review Cycle Times"
FEEDBACK = "Customer Feedback"
RETURN_SLIP, RETURNS = "Return Slip", "Returns and Their Rates"
SALES_RECORD, CUSTOMER_REGISTER = "Sales Record", "Customer Register"


def sales_order(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the reviews of a sales order, their actions, its changes, and why it was closed or cancelled.

	Not with a dynamic link on `reference_name`, as with the others: ERPNext finds the payments of an order by
	a field of that name, and they know no type there.
	"""
	_returns(data, "contract")
	return _about_it(
		data,
		(REVIEW, ACTION, NOTICE, ACKNOWLEDGEMENT, "Contract Status Change", REGISTER, "Production Notice"),
	)


def quotation(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the reviews of a quotation, and their actions."""
	return _of_type(_about_it(data, (REVIEW, ACTION, REGISTER)), "Quotation")


def blanket_order(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the reviews of a blanket order, and their actions."""
	return _of_type(_about_it(data, (REVIEW, ACTION, REGISTER)), "Blanket Order")


def customer(data: dict[str, Any]) -> dict[str, Any]:
	"""Add all that was reviewed, asked for, changed and authorised for a customer, how long it took, and what
	the customer bought (D5, D6), gave back (G1) and said (H1).
	"""
	_reports(data, _("Customers and Sales"), SALES_RECORD, CUSTOMER_REGISTER)
	_returns(data, "customer")
	_group(data, _("Feedback"), FEEDBACK)
	ours = (REVIEW, ACTION, NOTICE, "Delivery Authorisation", REGISTER, "Production Notice")
	return _add(data, ours, CYCLE_TIMES)


def delivery_note(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the return slips that were made from a delivery note (G1)."""
	return _made_from(data, "Delivery Note")


def sales_invoice(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the return slips that were made from an invoice that moved stock (G1)."""
	return _made_from(data, "Sales Invoice")


def item(data: dict[str, Any]) -> dict[str, Any]:
	"""Add the standard that an item is made to (B1), how long reviews of contracts with it took, who bought
	it (K6), what of it came back (G1), and what was said of it (H1).
	"""
	_reports(data, _("Customers and Sales"), SALES_RECORD)
	_returns(data, "item_code")
	_group(data, _("Feedback"), FEEDBACK)
	links = data.setdefault("internal_links", {})
	links["Product Standard"] = "qms_product_standard"
	return _add(data, ("Product Standard",), CYCLE_TIMES)


def batch(data: dict[str, Any]) -> dict[str, Any]:
	"""Add to whom a batch was delivered (D6, K6), and what of it came back (G1)."""
	_reports(data, _("Customers and Sales"), SALES_RECORD)
	return _returns(data)


def _returns(data: dict[str, Any], field: str = "batch_no") -> dict[str, Any]:
	"""Add the return slips that name it in a row, or in their head, and the report on returns."""
	data.setdefault("non_standard_fieldnames", {})[RETURN_SLIP] = field
	_group(data, _("Returns"), RETURN_SLIP)
	return _reports(data, _("Returns"), RETURNS)


def _reports(data: dict[str, Any], label: str, *names: str) -> dict[str, Any]:
	data.setdefault("reports", []).append({"label": label, "items": list(names)})
	return data


def _add(data: dict[str, Any], doctypes: tuple[str, ...], report: str = "") -> dict[str, Any]:
	_group(data, _("Contract Review"), *doctypes)
	return _reports(data, _("Contract Review"), report) if report else data


def _made_from(data: dict[str, Any], doctype: str) -> dict[str, Any]:
	data.setdefault("non_standard_fieldnames", {})[RETURN_SLIP] = "source_name"
	# Two types may number their documents alike.
	data.setdefault("dynamic_links", {})["source_name"] = [doctype, "source_doctype"]
	return _group(data, _("Returns"), RETURN_SLIP)


def _group(data: dict[str, Any], label: str, *doctypes: str) -> dict[str, Any]:
	data.setdefault("transactions", []).append({"label": label, "items": list(doctypes)})
	return data


def _about_it(data: dict[str, Any], doctypes: tuple[str, ...]) -> dict[str, Any]:
	data.setdefault("non_standard_fieldnames", {}).update(dict.fromkeys(doctypes, "reference_name"))
	return _add(data, doctypes)


def _of_type(data: dict[str, Any], doctype: str) -> dict[str, Any]:
	"""Two types may number their documents alike."""
	data.setdefault("dynamic_links", {})["reference_name"] = [doctype, "reference_doctype"]
	return data

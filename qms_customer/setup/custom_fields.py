"""The fields that we add to ERPNext's documents. They live in code: install and migrate make them, uninstall
removes them.
"""

from typing import Any

import frappe
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields

from qms_customer.rules.contract import FORMS, SPECIAL_PACKAGING_CHOICE, STANDARD_PACKAGING
from qms_customer.rules.feedback import IS_COMPLAINT, NO_COMPLAINT
from qms_customer.rules.qualification import BUYER_KINDS

MODULE = "QMS Customer"

_STATUS = {"read_only": 1, "no_copy": 1, "allow_on_submit": 1, "print_hide": 1}


def _return_slip(after: str) -> dict[str, Any]:
	return {
		"fieldname": "qms_return_slip",
		"fieldtype": "Link",
		"options": "Return Slip",
		"label": "Return Slip",
		"read_only": 1,
		"no_copy": 1,
		# What a slip has made, and what it covers, is asked by it.
		"search_index": 1,
		"insert_after": after,
	}


def _contract_fields(after: str, own: list[dict[str, Any]], tab: bool = True) -> list[dict[str, Any]]:
	return [
		{
			"fieldname": "qms_review_tab",
			"fieldtype": "Tab Break" if tab else "Section Break",
			"label": "Contract Review",
			"insert_after": after,
		},
		{
			"fieldname": "qms_review_panel",
			"fieldtype": "HTML",
			"label": "Review",
			"insert_after": "qms_review_tab",
		},
		{
			"fieldname": "qms_contract_section",
			"fieldtype": "Section Break",
			"label": "Contract",
			"insert_after": "qms_review_panel",
		},
		{
			"fieldname": "qms_contract_form",
			"fieldtype": "Select",
			"label": "Form of Contract",
			"options": "\n".join(("", *FORMS)),
			"insert_after": "qms_contract_section",
		},
		{
			"fieldname": "qms_delivery_method",
			"fieldtype": "Data",
			"label": "Delivery Method",
			"insert_after": "qms_contract_form",
		},
		{
			"fieldname": "qms_payment_method",
			"fieldtype": "Link",
			"options": "Mode of Payment",
			"label": "Payment Method",
			"insert_after": "qms_delivery_method",
		},
		{
			"fieldname": "qms_contract_column",
			"fieldtype": "Column Break",
			"insert_after": "qms_payment_method",
		},
		{
			"fieldname": "qms_packaging",
			"fieldtype": "Select",
			"label": "Packaging",
			"options": "\n".join(("", STANDARD_PACKAGING, SPECIAL_PACKAGING_CHOICE)),
			"insert_after": "qms_contract_column",
		},
		{
			"fieldname": "qms_packaging_details",
			"fieldtype": "Small Text",
			"label": "Packaging Details",
			"depends_on": f"eval:doc.qms_packaging == '{SPECIAL_PACKAGING_CHOICE}'",
			"insert_after": "qms_packaging",
		},
		*own,
		{
			"fieldname": "qms_requirements_section",
			"fieldtype": "Section Break",
			"label": "Requirements and Documents",
			"insert_after": own[-1]["fieldname"] if own else "qms_packaging_details",
		},
		{
			"fieldname": "qms_requirements",
			"fieldtype": "Table",
			"options": "Contract Requirement",
			"label": "Requirements",
			"insert_after": "qms_requirements_section",
		},
		{
			"fieldname": "qms_documents",
			"fieldtype": "Table",
			"options": "Contract Document",
			"label": "Contract Documents",
			"insert_after": "qms_requirements",
		},
		{
			"fieldname": "qms_status_section",
			"fieldtype": "Section Break",
			"label": "Review Status",
			"collapsible": 1,
			"insert_after": "qms_documents",
		},
		{
			"fieldname": "qms_review_status",
			"fieldtype": "Data",
			"label": "Review Status",
			"in_standard_filter": 1,
			"insert_after": "qms_status_section",
			**_STATUS,
		},
		{
			"fieldname": "qms_contract_review",
			"fieldtype": "Link",
			"options": "Contract Review",
			"label": "Contract Review",
			"insert_after": "qms_review_status",
			**_STATUS,
		},
		{
			"fieldname": "qms_status_column",
			"fieldtype": "Column Break",
			"insert_after": "qms_contract_review",
		},
		{
			"fieldname": "qms_contract_class",
			"fieldtype": "Data",
			"label": "Contract Class",
			"in_standard_filter": 1,
			"insert_after": "qms_status_column",
			**_STATUS,
		},
		{
			"fieldname": "qms_review_path",
			"fieldtype": "Data",
			"label": "Way of Review",
			"insert_after": "qms_contract_class",
			**_STATUS,
		},
	]


def _promise(after: str) -> list[dict[str, Any]]:
	return [
		{
			"fieldname": "qms_promised_date",
			"fieldtype": "Date",
			"label": "Promised Delivery Date",
			"insert_after": after,
		},
		{
			"fieldname": "qms_lead_time_days",
			"fieldtype": "Int",
			"label": "Promised Lead Time (Days)",
			"non_negative": 1,
			"insert_after": "qms_promised_date",
		},
	]


def _production(after: str) -> list[dict[str, Any]]:
	return [
		{
			"fieldname": "qms_production_section",
			"fieldtype": "Section Break",
			"label": "Production and Delivery",
			"depends_on": "eval:doc.docstatus == 1",
			"insert_after": after,
		},
		{
			"fieldname": "qms_progress_panel",
			"fieldtype": "HTML",
			"label": "Progress",
			"insert_after": "qms_production_section",
		},
	]


def _delivery(after: str, terms: bool) -> list[dict[str, Any]]:
	"""F1: how the contract says that goods are delivered and paid, on the document with which they leave."""
	rows = [
		{
			"fieldname": "qms_delivery_method",
			"fieldtype": "Data",
			"label": "Delivery Method",
			"description": "The contract's; another one needs a contract change notice",
			"insert_after": after,
		},
		{
			"fieldname": "qms_payment_method",
			"fieldtype": "Link",
			"options": "Mode of Payment",
			"label": "Payment Method",
			"read_only": 1,
			"insert_after": "qms_delivery_method",
		},
		{
			"fieldname": "qms_payment_terms",
			"fieldtype": "Link",
			"options": "Payment Terms Template",
			"label": "Payment Terms",
			"read_only": 1,
			"insert_after": "qms_payment_method",
		},
	]
	return rows if terms else rows[:2]


def fields() -> dict[str, list[dict[str, Any]]]:
	"""Return our custom fields by DocType."""
	return {
		"Item": [
			{
				"fieldname": "qms_product_standard",
				"fieldtype": "Link",
				"options": "Product Standard",
				"label": "Product Standard",
				"insert_after": "stock_uom",
			},
			{
				"fieldname": "qms_markets",
				"fieldtype": "Table",
				"options": "Item Market",
				"label": "Markets",
				"description": "Under whose rules complaints are reported. Empty: under all that there are.",
				"insert_after": "qms_product_standard",
			},
		],
		"Customer": [
			{
				"fieldname": "qms_qualification_tab",
				"fieldtype": "Tab Break",
				"label": "Buyer Qualification",
				"insert_after": "portal_users",
			},
			{
				"fieldname": "qms_buyer_kind",
				"fieldtype": "Select",
				"label": "Kind of Buyer",
				"options": "\n".join(("", *BUYER_KINDS)),
				"in_standard_filter": 1,
				"insert_after": "qms_qualification_tab",
			},
			{
				"fieldname": "qms_qualifications",
				"fieldtype": "Table",
				"options": "Customer Qualification",
				"label": "Licences",
				"insert_after": "qms_buyer_kind",
			},
		],
		"Warehouse": [
			{
				"fieldname": "qms_customer",
				"fieldtype": "Link",
				"options": "Customer",
				"label": "At the Site of Customer",
				"description": "Goods put down here are consigned to the customer",
				"insert_after": "warehouse_type",
			},
			{
				"fieldname": "qms_quarantine",
				"fieldtype": "Check",
				"label": "Quarantine of Returned Goods",
				"description": "What lies here is neither sold nor used until Quality has decided on it",
				"insert_after": "qms_customer",
			},
			{
				"fieldname": "qms_retained_samples",
				"fieldtype": "Check",
				"label": "Retained Samples",
				"insert_after": "qms_quarantine",
			},
		],
		"Maintenance Visit": [
			{
				"fieldname": "qms_is_complaint",
				"fieldtype": "Select",
				"label": "Is This a Complaint?",
				"description": "F6: answered before the visit is submitted; yes is recorded as feedback",
				"options": "\n".join(("", IS_COMPLAINT, NO_COMPLAINT)),
				"no_copy": 1,
				"insert_after": "customer_feedback",
			},
			{
				"fieldname": "qms_complaint_reason",
				"fieldtype": "Small Text",
				"label": "Why It Is or Is Not a Complaint",
				"no_copy": 1,
				"insert_after": "qms_is_complaint",
			},
		],
		"Stock Entry": [_return_slip("remarks")],
		"Non Conformance": [_return_slip("procedure")],
		"Sales Order": [*_contract_fields("connections_tab", []), *_production("qms_review_path")],
		"Delivery Note": [
			*_delivery("po_no", terms=True),
			_return_slip("return_against"),
			{
				"fieldname": "qms_replacement",
				"fieldtype": "Check",
				"label": "Replacement for Returned Goods",
				"read_only": 1,
				"no_copy": 1,
				"depends_on": "qms_replacement",
				"insert_after": "qms_return_slip",
			},
		],
		"Sales Invoice": [*_delivery("po_no", terms=False), _return_slip("return_against")],
		"POS Invoice": [_return_slip("return_against")],
		"Payment Term": [
			{
				"fieldname": "qms_before_dispatch",
				"fieldtype": "Check",
				"label": "Paid before Dispatch",
				"description": "F1: goods leave once this part is paid",
				"insert_after": "mode_of_payment",
			}
		],
		"Payment Schedule": [
			{
				"fieldname": "qms_before_dispatch",
				"fieldtype": "Check",
				"label": "Paid before Dispatch",
				"read_only": 1,
				"insert_after": "payment_term",
			}
		],
		"Quotation": _contract_fields(
			"connections_tab",
			[
				{
					"fieldname": "qms_is_tender",
					"fieldtype": "Check",
					"label": "Tender",
					"insert_after": "qms_packaging_details",
				},
				*_promise("qms_is_tender"),
			],
		),
		"Blanket Order": _contract_fields(
			"terms",
			[
				*_promise("qms_packaging_details"),
				{
					"fieldname": "qms_payment_terms",
					"fieldtype": "Link",
					"options": "Payment Terms Template",
					"label": "Payment Terms",
					"insert_after": "qms_lead_time_days",
				},
				{
					"fieldname": "qms_agreed_terms",
					"fieldtype": "Small Text",
					"label": "Payment Terms as Agreed",
					"description": "What the template says; changing the template later changes nothing here",
					"read_only": 1,
					"no_copy": 1,
					"depends_on": "qms_payment_terms",
					"insert_after": "qms_payment_terms",
				},
			],
			tab=False,
		),
	}


def make() -> None:
	"""Create or update our custom fields, marked with our module so that nothing else is touched on
	uninstall.
	"""
	ours = fields()
	for rows in ours.values():
		for row in rows:
			row["module"] = MODULE
	create_custom_fields(ours, ignore_validate=True)


def remove() -> None:
	"""Delete our custom fields."""
	for name in frappe.get_all("Custom Field", filters={"module": MODULE}, pluck="name"):
		frappe.delete_doc("Custom Field", name, force=True, ignore_permissions=True)

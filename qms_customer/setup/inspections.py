"""ERPNext's Quality Inspection may refer to a return slip: its list of references gets one more (G3)."""

import frappe
from frappe.custom.doctype.property_setter.property_setter import make_property_setter

INSPECTION, FIELD, ADDED = "Quality Inspection", "reference_type", "Return Slip"


def make() -> None:
	"""Add the return slip to what a Quality Inspection refers to; what a site has added itself stays."""
	options = _options()
	if ADDED not in options:
		_set([*options, ADDED])


def remove() -> None:
	"""Take it out again; where nothing else differs from ERPNext, no setter is left."""
	options = [o for o in _options() if o != ADDED]
	shipped = frappe.db.get_value("DocField", {"parent": INSPECTION, "fieldname": FIELD}, "options") or ""
	frappe.db.delete("Property Setter", {"doc_type": INSPECTION, "field_name": FIELD, "property": "options"})
	if options != shipped.split("\n"):
		_set(options)
	frappe.clear_cache(doctype=INSPECTION)


def _options() -> list[str]:
	return (frappe.get_meta(INSPECTION).get_field(FIELD).options or "").split("\n")


def _set(options: list[str]) -> None:
	make_property_setter(
		INSPECTION, FIELD, "options", "\n".join(options), "Text", validate_fields_for_doctype=False
	)

frappe.listview_settings["Contract Review Opinion"] = {
	add_fields: ["superseded"],
	onload: (listview) => qms_customer.no_bulk_workflow(listview),
	formatters: {
		department: (value) => qms_customer.term(value, "Review Department"),
		due_date: (value, _field, doc) =>
			qms_customer.due(value, doc.docstatus === 0 && !doc.superseded),
	},
};

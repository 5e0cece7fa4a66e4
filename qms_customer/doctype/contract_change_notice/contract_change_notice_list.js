qms_customer.show_terms("Contract Change Notice");

frappe.listview_settings["Contract Change Notice"] = {
	// A notice is made from its contract.
	hide_new_button: true,
	add_fields: ["due_date"],
	formatters: {
		due_date: (value, _field, doc) => qms_customer.due(value, doc.docstatus === 0),
	},
	onload: (listview) => qms_customer.no_bulk_workflow(listview),
};

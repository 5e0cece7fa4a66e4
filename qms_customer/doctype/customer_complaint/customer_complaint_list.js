qms_customer.show_terms("Customer Complaint");

frappe.listview_settings["Customer Complaint"] = {
	add_fields: ["due_on", "workflow_state"],
	onload: (listview) => qms_customer.no_bulk_workflow(listview),
	formatters: {
		due_on: (value, _field, doc) => qms_customer.due(value, doc.workflow_state !== "Complaint Closed"),
	},
};

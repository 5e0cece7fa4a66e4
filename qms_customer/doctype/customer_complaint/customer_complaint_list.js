qms_customer.show_terms("Customer Complaint");

frappe.listview_settings["Customer Complaint"] = {
	onload(listview) {
		qms_customer.no_bulk_workflow(listview);
	},
};

frappe.listview_settings["Customer Complaint"] = {
	onload(listview) {
		qms_customer.no_bulk_workflow(listview);
	},
};

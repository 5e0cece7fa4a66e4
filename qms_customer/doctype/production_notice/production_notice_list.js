qms_customer.show_terms("Production Notice");

// M1: workshops see what is to be made, in the order scheduled.
frappe.listview_settings["Production Notice"] = {
	onload: (listview) => qms_customer.no_bulk_workflow(listview),
};

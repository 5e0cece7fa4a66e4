qms_customer.show_terms("Contract Change Notice");

frappe.listview_settings["Contract Change Notice"] = {
	// A notice is made from its contract.
	hide_new_button: true,
	onload: (listview) => qms_customer.no_bulk_workflow(listview),
};

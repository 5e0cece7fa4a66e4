qms_customer.show_terms("Delivery Authorisation");

frappe.listview_settings["Delivery Authorisation"] = {
	onload: (listview) => qms_customer.no_bulk_workflow(listview),
};

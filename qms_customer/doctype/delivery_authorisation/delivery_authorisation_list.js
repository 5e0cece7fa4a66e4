frappe.listview_settings["Delivery Authorisation"] = {
	onload: (listview) => qms_customer.no_bulk_workflow(listview),
};

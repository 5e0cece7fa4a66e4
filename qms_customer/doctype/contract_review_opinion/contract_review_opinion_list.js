frappe.listview_settings["Contract Review Opinion"] = {
	onload: (listview) => qms_customer.no_bulk_workflow(listview),
	formatters: {
		department: (value) => qms_customer.term(value, "Review Department"),
	},
};

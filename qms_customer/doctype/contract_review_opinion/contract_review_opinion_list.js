frappe.listview_settings["Contract Review Opinion"] = {
	formatters: {
		department: (value) => qms_customer.term(value, "Review Department"),
	},
};

frappe.listview_settings["Adopted Contract"] = {
	// A status of ERPNext's, kept in English.
	formatters: { state: (value) => __(value) },
};

frappe.treeview_settings["Event Code"] = {
	ignore_fields: ["parent_event_code"],
};

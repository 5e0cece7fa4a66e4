frappe.listview_settings["Event Code"] = {
	add_fields: ["disabled", "retired"],
	get_indicator: (doc) =>
		doc.retired
			? [__("Not in the Current Edition"), "gray", "retired,=,1"]
			: doc.disabled
				? [__("Disabled"), "gray", "disabled,=,1"]
				: [__("Enabled"), "green", "disabled,=,0"],
	onload(list) {
		if (frappe.model.can_read("Event Code Import"))
			list.page.add_inner_button(__("Imports"), () => frappe.set_route("List", "Event Code Import"));
	},
};

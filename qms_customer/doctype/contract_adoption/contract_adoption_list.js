frappe.listview_settings["Contract Adoption"] = {
	get_indicator({ status }) {
		const colours = { Signed: "green", Ready: "orange", Collecting: "blue" };
		return [__(status, null, "Contract Adoption"), colours[status] || "gray", `status,=,${status}`];
	},
	has_indicator_for_draft: true,
};

frappe.listview_settings["Reportability Decision"] = {
	add_fields: ["decision", "due_on"],
	has_indicator_for_draft: true,
	get_indicator(doc) {
		const colours = { Undecided: "orange", Reportable: doc.due_on ? "red" : "blue", "Not Reportable": "green" };
		return [__(doc.decision), colours[doc.decision] || "gray", `decision,=,${doc.decision}`];
	},
};

frappe.listview_settings["Reportability Decision"] = {
	add_fields: ["decision", "first_due_on"],
	has_indicator_for_draft: true,
	get_indicator(doc) {
		const colours = { Undecided: "orange", Reportable: doc.first_due_on ? "red" : "blue", "Not Reportable": doc.first_due_on ? "red" : "green" };
		return [__(doc.decision), colours[doc.decision] || "gray", `decision,=,${doc.decision}`];
	},
};

frappe.listview_settings["Advisory Notice Decision"] = {
	add_fields: ["decision", "due_on"],
	has_indicator_for_draft: true,
	get_indicator(doc) {
		const late = doc.decision === "Undecided" && qms_customer.is_overdue(doc.due_on);
		const colours = { Undecided: late ? "red" : "orange", "Notice Needed": "red", "No Notice Needed": "green" };
		return [
			__(doc.decision, null, "Advisory Notice Decision"),
			colours[doc.decision] || "gray",
			`decision,=,${doc.decision}`,
		];
	},
};

frappe.listview_settings["Review Action"] = {
	add_fields: ["blocks", "due_date"],
	get_indicator(doc) {
		const colour = { Open: "orange", Done: "blue", Verified: "green" }[doc.status];
		const overdue = ["Open", "Done"].includes(doc.status) && qms_customer.is_overdue(doc.due_date);
		return [
			__(doc.status, null, "Review Action"),
			overdue ? "red" : colour || "gray",
			`status,=,${doc.status}`,
		];
	},
	formatters: {
		due_date: (value, _field, doc) =>
			qms_customer.due(value, ["Open", "Done"].includes(doc.status)),
	},
};

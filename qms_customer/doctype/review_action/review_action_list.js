frappe.listview_settings["Review Action"] = {
	add_fields: ["blocks", "due_date"],
	get_indicator(doc) {
		if (["Open", "Done"].includes(doc.status) && qms_customer.is_overdue(doc.due_date)) {
			const today = frappe.datetime.get_today();
			return [__("Overdue"), "red", `status,in,Open,Done|due_date,<,${today}`];
		}
		const colour = { Open: "orange", Done: "blue", Verified: "green" }[doc.status];
		return [__(doc.status, null, "Review Action"), colour || "gray", `status,=,${doc.status}`];
	},
	formatters: {
		due_date: (value, _field, doc) =>
			qms_customer.due(value, ["Open", "Done"].includes(doc.status)),
	},
};

frappe.listview_settings["Review Action"] = {
	add_fields: ["blocks", "due_date"],
	get_indicator(doc) {
		const overdue = doc.status === "Open" && doc.due_date < frappe.datetime.get_today();
		const colour = { Open: overdue ? "red" : "orange", Done: "blue", Verified: "green" }[doc.status];
		return [__(doc.status), colour || "gray", `status,=,${doc.status}`];
	},
};

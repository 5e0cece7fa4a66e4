frappe.listview_settings["Complaint Signal"] = {
	get_indicator: (doc) => [
		__(doc.status, null, "Complaint Signal"),
		doc.status === "Open" ? "red" : "green",
		`status,=,${doc.status}`,
	],
};

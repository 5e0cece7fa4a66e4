frappe.listview_settings["Complaint Signal"] = {
	get_indicator: (doc) => [
		__(doc.status, null, "Complaint Signal"),
		{ Open: "red", "In Action": "orange" }[doc.status] || "green",
		`status,=,${doc.status}`,
	],
};

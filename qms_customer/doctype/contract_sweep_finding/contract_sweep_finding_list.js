frappe.listview_settings["Contract Sweep Finding"] = {
	add_fields: ["status"],
	get_indicator: (doc) => [
		__(doc.status, null, "Contract Sweep Finding"),
		{ Open: "red", Explained: "orange", "Fits Again": "green", "Not in Force": "gray" }[doc.status],
		`status,=,${doc.status}`,
	],
};

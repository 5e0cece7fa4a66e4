frappe.listview_settings["Approval Delegation"] = {
	add_fields: ["from_date", "to_date"],
	get_indicator(doc) {
		const today = frappe.datetime.get_today();
		if (doc.docstatus !== 1) return;
		if (doc.to_date < today) return [__("Expired"), "gray", `to_date,<,${today}`];
		if (doc.from_date > today) return [__("Not Yet in Force"), "blue", `from_date,>,${today}`];
		return [__("In Force"), "green", `from_date,<=,${today}|to_date,>=,${today}`];
	},
};

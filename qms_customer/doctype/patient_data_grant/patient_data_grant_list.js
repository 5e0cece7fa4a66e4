frappe.listview_settings["Patient Data Grant"] = {
	add_fields: ["valid_until", "revoked_on"],
	get_indicator(doc) {
		const today = frappe.datetime.get_today();
		if (doc.revoked_on) return [__("Revoked"), "gray", "revoked_on,is,set"];
		if (doc.valid_until < today) return [__("Expired"), "gray", `valid_until,<,${today}`];
		return [__("In Force"), "green", `valid_until,>=,${today}|revoked_on,is,not set`];
	},
};

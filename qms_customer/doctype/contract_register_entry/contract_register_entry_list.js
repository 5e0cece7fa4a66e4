const QMS_REGISTER_COLOURS = {
	Received: "gray",
	"Under Review": "orange",
	Approved: "blue",
	Signed: "blue",
	Released: "purple",
	"In Production": "purple",
	"Partly Delivered": "yellow",
	Delivered: "cyan",
	"Partly Paid": "yellow",
	Paid: "green",
	Closed: "darkgrey",
	Cancelled: "red",
};

qms_customer.show_terms("Contract Register Entry");

frappe.listview_settings["Contract Register Entry"] = {
	hide_name_column: false,
	add_fields: ["contract_kind", "formal_on", "formal_due"],
	// Where a contract stands; of a provisional one whose formal contract is late, that.
	get_indicator(doc) {
		const open = doc.contract_kind === "Provisional" && !doc.formal_on && doc.register_state !== "Cancelled";
		if (open && qms_customer.is_overdue(doc.formal_due)) {
			return [__("Formal Contract Overdue"), "red", `formal_due,<,${frappe.datetime.get_today()}`];
		}
		const state = doc.register_state;
		return [
			__(state, null, "Contract Register Entry"),
			QMS_REGISTER_COLOURS[state] || "gray",
			`register_state,=,${state}`,
		];
	},
};

qms_customer.show_terms("Change Acknowledgement");

frappe.listview_settings["Change Acknowledgement"] = {
	add_fields: ["due_date", "workflow_state"],
	// The workflow leaves the indicator of what is awaited to this.
	has_indicator_for_draft: true,
	get_indicator(doc) {
		if (doc.docstatus === 0 && qms_customer.is_overdue(doc.due_date)) {
			const today = frappe.datetime.get_today();
			return [__("Overdue"), "red", `docstatus,=,0|due_date,<,${today}`];
		}
		return [
			__(doc.workflow_state),
			doc.docstatus === 0 ? "orange" : "green",
			`workflow_state,=,${doc.workflow_state}`,
		];
	},
	onload: (listview) => qms_customer.no_bulk_workflow(listview),
	formatters: {
		department: (value) => qms_customer.term(value, "Review Department"),
		due_date: (value, _field, doc) => qms_customer.due(value, doc.docstatus === 0),
	},
};

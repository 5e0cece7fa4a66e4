qms_customer.show_terms("Customer Feedback");

frappe.listview_settings["Customer Feedback"] = {
	add_fields: ["assess_by", "workflow_state"],
	// The workflow leaves the indicator of what is not assessed yet to this.
	has_indicator_for_draft: true,
	get_indicator(doc) {
		const waiting = doc.workflow_state === "Feedback to be Assessed";
		if (waiting && qms_customer.is_overdue(doc.assess_by)) {
			const today = frappe.datetime.get_today();
			return [__("Overdue"), "red", `workflow_state,=,${doc.workflow_state}|assess_by,<,${today}`];
		}
		return [__(doc.workflow_state), "orange", `workflow_state,=,${doc.workflow_state}`];
	},
	onload: (listview) => qms_customer.no_bulk_workflow(listview),
	formatters: {
		assess_by: (value, _field, doc) => qms_customer.due(value, doc.workflow_state === "Feedback to be Assessed"),
	},
};

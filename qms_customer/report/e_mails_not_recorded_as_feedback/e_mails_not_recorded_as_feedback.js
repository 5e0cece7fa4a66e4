// E-mails Not Recorded as Feedback: those of persons are chosen, and recorded.
frappe.query_reports["E-mails Not Recorded as Feedback"] = {
	filters: [{ fieldname: "days", label: __("Days"), fieldtype: "Int", default: 30 }],

	get_datatable_options(options) {
		return { ...options, checkboxColumn: true };
	},

	onload(report) {
		const ASSESSORS = ["QMS Service", "QMS Quality", "QMS Management Representative"];
		if (!ASSESSORS.some((role) => frappe.user_roles.includes(role))) return;
		report.page.add_inner_button(__("Record as Feedback"), async () => {
			const chosen = report.datatable.rowmanager.getCheckedRows().map((row) => report.data[row].name);
			if (!chosen.length) {
				frappe.msgprint(__("Tick the e-mails that a person has written, then record them."));
			}
			for (const name of chosen) {
				const made = await qms_customer.api("qms_customer.feedback.received_api.record_email", { name });
				frappe.show_alert({ message: made.name, indicator: "green" });
			}
			if (chosen.length) report.refresh();
		});
	},
};

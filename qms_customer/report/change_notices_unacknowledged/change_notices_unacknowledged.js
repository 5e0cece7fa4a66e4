// Change Notices Unacknowledged: what is overdue is red.
frappe.query_reports["Change Notices Unacknowledged"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{ fieldname: "department", label: __("Department"), fieldtype: "Select", options: [""] },
		{ fieldname: "overdue", label: __("Only Overdue"), fieldtype: "Check" },
	],
	onload: (report) => {
		// The departments of the routing table, and Finance, which reviews nothing.
		frappe.model.with_doc("QMS Customer Settings").then(({ departments }) => {
			const filter = report.get_filter("department");
			const names = new Set([...departments.map(({ department }) => department), "Finance"]);
			filter.df.options = [
				{ value: "", label: "" },
				...[...names].map((value) => ({ value, label: qms_customer.term(value, "Review Department") })),
			];
			filter.refresh();
		});
	},
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		const late = data && data.late && ["late", "due_date"].includes(column.fieldname);
		return late ? `<span class="text-danger">${text}</span>` : text;
	},
};

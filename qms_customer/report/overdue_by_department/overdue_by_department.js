// Overdue by Department: what is overdue is red.
frappe.query_reports["Overdue by Department"] = {
	filters: [{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" }],
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		const late = ["opinions_overdue", "actions_overdue", "oldest"].includes(column.fieldname);
		return late && value ? `<span class="text-danger">${text}</span>` : text;
	},
};

// Open Return Slips: what is overdue is red.
frappe.query_reports["Open Return Slips"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{
			fieldname: "workflow_state",
			label: __("Status"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				...["Return Draft", "Sample Test", "With the Customer", "Return Pending Approval", "Route to be Decided", "Goods Awaited", "Destruction Awaited", "In Quarantine", "Settlement Due"].map((value) => ({ value, label: __(value) })),
			],
		},
		{ fieldname: "overdue", label: __("Overdue Only"), fieldtype: "Check" },
	],
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		return column.fieldname === "late" && value ? `<span class="text-danger">${text}</span>` : text;
	},
};

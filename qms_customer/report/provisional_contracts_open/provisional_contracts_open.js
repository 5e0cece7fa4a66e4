// Provisional Contracts Open: what is late stands in red.
frappe.query_reports["Provisional Contracts Open"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
	],
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		const late = data && data.days_late > 0 && ["formal_due", "days_late"].includes(column.fieldname);
		return late ? `<span class="text-danger bold">${text}</span>` : text;
	},
};

// Quarantine Stock: what no return slip accounts for is red.
frappe.query_reports["Quarantine Stock"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
	],
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		return column.fieldname === "without_slip" && value
			? `<span class="text-danger">${text}</span>`
			: text;
	},
};

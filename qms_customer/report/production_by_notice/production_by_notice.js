frappe.query_reports["Production by Notice"] = {
	filters: [
		{ fieldname: "starts_until", label: __("Starts Until"), fieldtype: "Date" },
		{ fieldname: "sales_order", label: __("Sales Order"), fieldtype: "Link", options: "Sales Order" },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
		{ fieldname: "show_finished", label: __("With What Is Made Already"), fieldtype: "Check" },
	],
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		return data?.late && column.fieldname === "planned_finish"
			? `<span class="text-danger">${text}</span>`
			: text;
	},
};

// Review Replay: the limits are filters. An empty one is not used; those of the settings stand above the table.
const own_limit = (fieldname, label, fieldtype) => ({
	fieldname,
	label,
	fieldtype,
	depends_on: "own_limits",
});

frappe.query_reports["Review Replay"] = {
	filters: [
		{
			fieldname: "show",
			label: __("Show Table"),
			fieldtype: "Select",
			options: [
				{ value: "Way of Review", label: __("Way of Review") },
				{ value: "Reasons", label: __("Reasons") },
				{ value: "Reasons as Recorded", label: __("Reasons as Recorded") },
				{ value: "Departments", label: __("Departments") },
				{ value: "Authorities", label: __("Authorities") },
				{ value: "By Month", label: __("By Month") },
				{
					value: "Limit of Large Orders: Amount",
					label: __("Limit of Large Orders: Amount"),
				},
				{
					value: "Limit of Large Orders: Quantity",
					label: __("Limit of Large Orders: Quantity"),
				},
				{ value: "Small Orders", label: __("Small Orders") },
				{ value: "By Customer Group", label: __("By Customer Group") },
				{ value: "Items", label: __("Items") },
				{ value: "Largest Orders", label: __("Largest Orders") },
			],
			default: "Way of Review",
			reqd: 1,
		},
		{
			fieldname: "from_date",
			label: __("Orders From"),
			fieldtype: "Date",
			default: frappe.datetime.add_months(frappe.datetime.get_today(), -12),
			reqd: 1,
		},
		{
			fieldname: "to_date",
			label: __("Orders Until"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
			reqd: 1,
		},
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{
			fieldname: "customer_group",
			label: __("Customer Group"),
			fieldtype: "Link",
			options: "Customer Group",
		},
		{
			fieldname: "assume_standard",
			label: __("Assume: Enterprise Standards Met"),
			fieldtype: "Check",
			default: 1,
		},
		{
			fieldname: "assume_capacity",
			label: __("Assume: Within Capacity"),
			fieldtype: "Check",
			default: 1,
		},
		{
			fieldname: "assume_terms",
			label: __("Assume: Terms Stated"),
			fieldtype: "Check",
			default: 1,
		},
		{
			fieldname: "assume_in_stock",
			label: __("Assume: All in Stock"),
			fieldtype: "Check",
			default: 0,
		},
		{
			fieldname: "own_limits",
			label: __("Other Limits"),
			fieldtype: "Check",
			default: 0,
		},
		own_limit("small_amount", __("Small Order: Below Amount", null, "QMS Customer Settings"), "Float"),
		own_limit(
			"small_quantity",
			__("Small Order: Below Quantity", null, "QMS Customer Settings"),
			"Float"
		),
		own_limit("large_amount", __("Large Order: From Amount", null, "QMS Customer Settings"), "Float"),
		own_limit(
			"large_quantity",
			__("Large Order: From Quantity", null, "QMS Customer Settings"),
			"Float"
		),
	],
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		return data && data.marked ? `<b>${text}</b>` : text;
	},
};

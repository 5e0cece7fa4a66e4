// Complaints Without Investigation: what has no reason, or no second person, is red.
(() => {
	const choices = (values) => [{ value: "", label: "" }, ...values.map((value) => ({ value, label: __(value) }))];

	frappe.query_reports["Complaints Without Investigation"] = {
		filters: [
			{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
			{
				fieldname: "from_date",
				label: __("Received From", null, "Customer Feedback"),
				fieldtype: "Date",
				default: frappe.datetime.add_months(frappe.datetime.get_today(), -12),
				reqd: 1,
			},
			{
				fieldname: "to_date",
				label: __("Received To"),
				fieldtype: "Date",
				default: frappe.datetime.get_today(),
				reqd: 1,
			},
			{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
			{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
			{
				fieldname: "standing",
				label: __("What Became of It"),
				fieldtype: "Select",
				options: choices([
					"Approved",
					"Waiting for Approval",
					"Rejected",
					"To Be Investigated After All",
					"Investigated After All",
					"No Reason on Record",
				]),
			},
		],
		formatter: (value, row, column, data, default_formatter) => {
			const text = default_formatter(value, row, column, data);
			const wrong =
				(column.fieldname === "standing" && data?.what === "No Reason on Record") ||
				(column.fieldname === "approved_by" && data?.same_person);
			return wrong ? `<span class="text-danger">${text}</span>` : text;
		},
	};
})();

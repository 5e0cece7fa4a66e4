// Complaint Log: what was not closed in time is red.
(() => {
	const choices = (values) => [{ value: "", label: "" }, ...values.map((value) => ({ value, label: __(value) }))];

	frappe.query_reports["Complaint Log"] = {
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
			{ fieldname: "batch_no", label: __("Batch No"), fieldtype: "Data" },
			{
				fieldname: "severity",
				label: __("Severity", null, "Customer Complaint"),
				fieldtype: "Select",
				options: choices(["Low", "Medium", "High", "Critical"]),
			},
			{
				fieldname: "workflow_state",
				label: __("Status"),
				fieldtype: "Select",
				options: choices([
					"Complaint in Investigation",
					"Action on Complaint",
					"Reply to Complaint Due",
					"Effectiveness to be Checked",
					"Complaint to be Closed",
					"Complaint Closed",
				]),
			},
		],
		formatter: (value, row, column, data, default_formatter) => {
			const text = default_formatter(value, row, column, data);
			const late = column.fieldname === "due_on" && data?.is_late;
			return late ? `<span class="text-danger">${text}</span>` : text;
		},
	};
})();

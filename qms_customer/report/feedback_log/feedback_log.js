// Feedback Log: what is late or overdue is red.
(() => {
	// As the server says it.
	const timeliness = [
		{ value: "", label: "" },
		{ value: "In Time", label: __("In Time", null, "Timeliness") },
		{ value: "Late", label: __("Late", null, "Timeliness") },
		{ value: "Due", label: __("Due", null, "Timeliness") },
		{ value: "Overdue", label: __("Overdue") },
	];
	const late_ones = [timeliness[2].label, timeliness[4].label];
	const choices = (values) => [{ value: "", label: "" }, ...values.map((value) => ({ value, label: __(value) }))];

	frappe.query_reports["Feedback Log"] = {
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
				fieldname: "decision",
				label: __("Decision", null, "Customer Feedback"),
				fieldtype: "Select",
				options: choices(["Complaint", "Not a Complaint", "Not Assessed"]),
			},
			{
				fieldname: "nature",
				label: __("Nature"),
				fieldtype: "Select",
				options: choices(["Enquiry", "Changed Requirement", "Suggestion", "Praise", "Other"]),
			},
			{
				fieldname: "source",
				label: __("Source", null, "Customer Feedback"),
				fieldtype: "Select",
				options: choices([
					"Clinical Institution",
					"Distributor",
					"User",
					"Patient or Relative",
					"Regulator",
					"Employee",
					"Other",
				]),
			},
			{ fieldname: "timeliness", label: __("Assessment in Time"), fieldtype: "Select", options: timeliness },
			{
				fieldname: "answer_timeliness",
				label: __("Answer in Time"),
				fieldtype: "Select",
				options: timeliness,
			},
		],
		formatter: (value, row, column, data, default_formatter) => {
			const text = default_formatter(value, row, column, data);
			const late = ["timeliness", "answer_timeliness"].includes(column.fieldname) && late_ones.includes(value);
			return late ? `<span class="text-danger">${text}</span>` : text;
		},
	};
})();

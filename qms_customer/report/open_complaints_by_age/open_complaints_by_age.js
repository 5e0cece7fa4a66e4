// Open Complaints by Age: what is overdue is red.
(() => {
	const choices = (values) => [{ value: "", label: "" }, ...values.map((value) => ({ value, label: __(value) }))];

	frappe.query_reports["Open Complaints by Age"] = {
		filters: [
			{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
			{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
			{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
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
				]),
			},
			{
				fieldname: "age",
				label: __("Age Group (Days)"),
				fieldtype: "Select",
				options: ["", "0–7", "8–14", "15–30", "31–60", "61–90", ">90"],
			},
			{ fieldname: "overdue", label: __("Overdue Only"), fieldtype: "Check" },
		],
		formatter: (value, row, column, data, default_formatter) => {
			const text = default_formatter(value, row, column, data);
			const late = ["late", "late_at_step"].includes(column.fieldname) && value;
			return late ? `<span class="text-danger">${text}</span>` : text;
		},
	};
})();

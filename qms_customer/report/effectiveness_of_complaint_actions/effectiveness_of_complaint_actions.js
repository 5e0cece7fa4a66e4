// Effectiveness of Complaint Actions: what is late, did not help, or came again, is red.
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

	frappe.query_reports["Effectiveness of Complaint Actions"] = {
		filters: [
			{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
			{ fieldname: "from_date", label: __("Checked From"), fieldtype: "Date" },
			{ fieldname: "to_date", label: __("Checked To"), fieldtype: "Date" },
			{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
			{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
			{ fieldname: "cause_code", label: __("Cause"), fieldtype: "Link", options: "Event Code" },
			{
				fieldname: "timeliness",
				label: __("Checked in Time"),
				fieldtype: "Select",
				options: timeliness,
			},
			{ fieldname: "repeated", label: __("Complained About Again"), fieldtype: "Check" },
		],
		formatter: (value, row, column, data, default_formatter) => {
			const text = default_formatter(value, row, column, data);
			const wrong =
				(column.fieldname === "timeliness" && late_ones.includes(value)) ||
				(column.fieldname === "effective" && data?.result === "No") ||
				(column.fieldname === "since_check" && value);
			return wrong ? `<span class="text-danger">${text}</span>` : text;
		},
	};
})();

// The file of one customer: /app/customer-file/<customer>. All of it is made on the server.
frappe.pages["customer-file"].on_page_load = (wrapper) => {
	const page = frappe.ui.make_app_page({ parent: wrapper, title: __("Customer File"), single_column: true });
	wrapper.qms_body = $('<div class="qms-page"></div>').appendTo(page.main);
	wrapper.qms_field = page.add_field({
		fieldname: "customer",
		label: __("Customer"),
		fieldtype: "Link",
		options: "Customer",
		change() {
			const chosen = wrapper.qms_field.get_value();
			if (chosen && chosen !== frappe.get_route()[1]) frappe.set_route("customer-file", chosen);
		},
	});
	const customer = () => frappe.get_route()[1];
	page.set_secondary_action(__("Print as Form"), () => {
		if (!customer()) return;
		open_url_post(
			"/api/method/qms_customer.contract.customer_api.customer_file_pdf",
			{ customer: customer() },
			true
		);
	});
	for (const [label, report] of [
		[__("Sales Record"), "Sales Record"],
		[__("Customer Register"), "Customer Register"],
	]) {
		page.add_inner_button(label, () =>
			frappe.set_route("query-report", report, customer() ? { customer: customer() } : {})
		);
	}
};

frappe.pages["customer-file"].on_page_show = (wrapper) => {
	const customer = frappe.get_route()[1];
	const page = wrapper.page;
	if (!customer) {
		page.set_title(__("Customer File"));
		wrapper.qms_body.html(`<p class="text-muted">${__("Choose a customer.")}</p>`);
		return;
	}
	if (wrapper.qms_field.get_value() !== customer) wrapper.qms_field.set_value(customer);
	frappe.call({
		method: "qms_customer.contract.customer_api.get_customer_file",
		args: { customer },
		type: "GET",
		callback: ({ message }) => {
			// Whoever is faster than the network looks at another customer by now.
			if (!message || frappe.get_route()[1] !== customer) return;
			page.set_title(__("Customer File: {0}", [frappe.utils.escape_html(message.title)]));
			wrapper.qms_body.html(message.html);
		},
	});
};

// What follows a change, on the form of its notice: who has acknowledged it, and telling the customer (E6, E7).
(() => {
	const API = "qms_customer.contract.distribution_api.";
	const EMAIL = "E-mail";
	const WAYS = [EMAIL, "Call", "Letter", "Fax", "Meeting", "Visit", "Chat"];

	frappe.ui.form.on("Contract Change Notice", {
		refresh(frm) {
			const panel = frm.get_field("notice_panel")?.$wrapper;
			if (!panel) return;
			panel.siblings(".qms-after-change").remove();
			const { name } = frm.doc;
			if (frm.doc.docstatus !== 1) return;
			qms_customer.call(`${API}get_distribution`, { notice: name }, false, "GET").then((shown) => {
				if (frm.doc.name !== name) return;
				panel.siblings(".qms-after-change").remove();
				panel.after($('<div class="qms-after-change"></div>').html(shown.html));
				if (shown.may_tell) {
					const button = frm.add_custom_button(__("Tell the Customer"), () => tell(frm));
					if (!shown.told) button.addClass("btn-primary");
				}
			});
		},
	});

	// The message is drafted on the server; the person looks at it, and changes or sends it.
	function tell(frm) {
		const draft = (language) =>
			qms_customer.call(`${API}draft_result`, { notice: frm.doc.name, language }, true, "GET");
		draft("").then((first) => {
			const by_mail = `eval:doc.how === "${EMAIL}"`;
			const otherwise = `eval:doc.how && doc.how !== "${EMAIL}"`;
			const dialog = qms_customer.ask(
				__("Tell the Customer"),
				[
					{
						fieldname: "how",
						fieldtype: "Select",
						label: __("Told How", null, "Contract Change Notice"),
						options: WAYS.filter((way) => first.can_send || way !== EMAIL).map((way) => ({
							value: way,
							label: __(way, null, "Contract Change Notice"),
						})),
						default: first.can_send ? EMAIL : "Call",
						description: first.can_send
							? ""
							: __("This site has no account to send e-mail with: record how the customer was told."),
						reqd: 1,
					},
					{
						fieldname: "recipients",
						fieldtype: "Data",
						label: __("Email Address"),
						default: first.recipients,
						depends_on: by_mail,
						mandatory_depends_on: by_mail,
					},
					{
						fieldname: "whom",
						fieldtype: "Data",
						label: __("Who Was Told", null, "Contract Change Notice"),
						default: first.whom,
						depends_on: otherwise,
						mandatory_depends_on: otherwise,
					},
					{
						fieldname: "told_on",
						fieldtype: "Datetime",
						label: __("Told On", null, "Contract Change Notice"),
						default: frappe.datetime.now_datetime(),
						depends_on: otherwise,
						mandatory_depends_on: otherwise,
					},
					{ fieldtype: "Column Break" },
					{
						fieldname: "language",
						fieldtype: "Select",
						label: __("Language"),
						options: [
							{ value: "en", label: __("English") },
							{ value: "zh", label: __("Chinese") },
						],
						default: first.language,
						change: () => {
							const language = dialog.get_value("language");
							if (!language || language === dialog.qms_language) return;
							dialog.qms_language = language;
							draft(language).then(({ subject, message }) => dialog.set_values({ subject, message }));
						},
					},
					{
						fieldname: "subject",
						fieldtype: "Data",
						label: __("Subject"),
						default: first.subject,
						reqd: 1,
					},
					{ fieldtype: "Section Break" },
					{
						fieldname: "message",
						fieldtype: "Text Editor",
						label: __("Message"),
						default: first.message,
						reqd: 1,
					},
				],
				__("Record"),
				(values) =>
					qms_customer.call(`${API}tell_result`, { ...values, language: undefined, notice: frm.doc.name }).then(() => {
						frappe.show_alert({ message: __("It is on record that the customer was told."), indicator: "green" });
						frm.reload_doc();
					})
			);
			dialog.qms_language = first.language;
			const name_button = () =>
				dialog.get_primary_btn().text(dialog.get_value("how") === EMAIL ? __("Send") : __("Record"));
			dialog.fields_dict.how.$input.on("change", name_button);
			name_button();
		});
	}
})();

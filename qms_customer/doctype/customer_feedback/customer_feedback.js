// Feedback from its record to its assessment and answer (H1, H2, A10). Nothing is decided here.
(() => {
	const API = "qms_customer.feedback.feedback_api.";
	const TO_ASSESS = "Feedback to be Assessed";
	const EDITED = ["subject", "source", "phase", "channel", "concerned_user", "company", "received_on", "aware_by", "happened_on", "event_country", "customer", "contact_name", "language", "contact_email", "contact_phone", "contact_address", "item_code", "batch_no", "serial_no", "udi", "details", "concern", "customer_told", "item_told", "patient_reference", "patient_age", "patient_sex", "patient_details"];
	const CONTEXT = "Customer Feedback";
	const choices = (values) => values.map((value) => ({ value, label: __(value, null, CONTEXT) }));

	frappe.ui.form.on("Customer Feedback", {
		setup(frm) {
			frm.set_query("item_code", () => ({ filters: { disabled: 0 } }));
		},
		refresh(frm) {
			const open = frm.is_new() || (frm.doc.docstatus === 0 && !frm.doc.decision);
			for (const field of EDITED) frm.set_df_property(field, "read_only", open ? 0 : 1);
			// H4: once it is recorded it is corrected, with its reason.
			frm.set_df_property("aware_on", "read_only", frm.is_new() ? 0 : 1);
			if (frm.is_new()) {
				frm.get_field("guide_panel").$wrapper.html(
					`<p class="text-muted">${__("Record what was said, in the words of who said it; what is not known stays empty.")}</p>`
				);
				return;
			}
			qms_customer.show_panel(frm, "guide_panel", `${API}get_panel`, { name: frm.doc.name }, (panel) => {
				frm.qms_feedback = panel;
				qms_customer.hide_actions(frm, !panel.may.includes("assess"));
				buttons(frm, panel);
			});
		},
		// The inbox of the Desk: our dialog decides.
		before_workflow_action(frm) {
			return qms_customer.instead_of_workflow(frm, { Assess: () => saved(frm) && assess(frm, frm.qms_feedback) });
		},
	});

	function buttons(frm, panel) {
		const may = (step) => panel.may.includes(step);
		const group = __("Action", null, "Customer Complaint");
		// Before the first assessment the workflow has the button.
		if (may("assess") && frm.doc.workflow_state !== TO_ASSESS) {
			frm.add_custom_button(__("Assess Again"), () => saved(frm) && assess(frm, panel));
		}
		if (may("answer")) frm.add_custom_button(__("Record Answer", null, CONTEXT), () => saved(frm) && answer(frm, panel));
		if (may("take_up")) {
			frm.add_custom_button(__("Take Up Requirement"), () => saved(frm) && take_up(frm, panel)).addClass("btn-primary");
		}
		if (may("make_notice")) {
			frm.add_custom_button(__("Contract Change Notice"), () => make_notice(frm, panel), __("Create"));
		}
		if (may("correct_awareness")) {
			frm.add_custom_button(__("Correct Awareness"), () => saved(frm) && correct_awareness(frm, panel), group);
		}
		if (may("link_duplicate")) {
			frm.add_custom_button(__("Link Report of the Same Event"), () => saved(frm) && link(frm, panel), group);
		}
		frm.get_field("guide_panel")
			.$wrapper.find(".qms-link-report")
			.on("click", (event) => saved(frm) && link_to(frm, panel, event.currentTarget.dataset.name));
	}

	function saved(frm) {
		if (!frm.is_dirty()) return true;
		frappe.msgprint(__("Save the feedback first: what is saved is what counts."));
		return false;
	}

	function sign_step(frm, panel, opts) {
		qms_customer
			.sign({
				...opts,
				method: API + opts.method,
				args: (values) => ({ name: frm.doc.name, content_hash: panel.hash, ...opts.args(values) }),
				done: () => frm.reload_doc(),
			})
			.show();
	}

	function assess(frm, panel) {
		const no = "eval:doc.decision == 'Not a Complaint'";
		const changed = "eval:doc.decision == 'Not a Complaint' && doc.nature == 'Changed Requirement'";
		sign_step(frm, panel, {
			title: __("Is This a Complaint?"),
			fields: [
				{
					fieldname: "definition",
					fieldtype: "HTML",
					options: `<p class="qms-definition">${frappe.utils.escape_html(panel.definition)}</p>`,
				},
				{
					fieldname: "deficiencies",
					fieldtype: "MultiCheck",
					label: __("What Is Said to Be Deficient", null, CONTEXT),
					columns: 2,
					sort_options: false,
					options: panel.deficiencies.map((value) => ({ value, label: __(value) })),
				},
				{
					fieldname: "released",
					fieldtype: "Select",
					label: __("Product Has Left Our Control", null, CONTEXT),
					options: choices(["Yes", "No", "Not Known"]),
					reqd: 1,
				},
				{
					fieldname: "decision",
					fieldtype: "Select",
					label: __("Decision", null, CONTEXT),
					options: choices(["Complaint", "Not a Complaint"]),
					reqd: 1,
				},
				{
					fieldname: "nature",
					fieldtype: "Select",
					label: __("Nature", null, CONTEXT),
					options: choices(panel.natures),
					depends_on: no,
					mandatory_depends_on: no,
				},
				{
					fieldname: "requirement",
					fieldtype: "Select",
					label: __("Requirement Concerns", null, CONTEXT),
					options: choices(panel.requirements),
					depends_on: changed,
					mandatory_depends_on: changed,
				},
				{
					fieldname: "reason",
					fieldtype: "Small Text",
					label: __("Reason of the Assessment", null, CONTEXT),
					mandatory_depends_on: no,
					stands_for: "assessment_reason",
				},
			],
			label: __("Assess", null, CONTEXT),
			meaning: ({ decision }) =>
				({ Complaint: "Assessed as a Complaint", "Not a Complaint": "Assessed as No Complaint" }[decision] || ""),
			method: "assess",
			args: ({ decision, deficiencies, released, nature, reason, requirement }) => ({
				decision,
				deficiencies: deficiencies || [],
				released,
				nature: nature || "",
				reason: reason || "",
				requirement: (nature === "Changed Requirement" && requirement) || "",
			}),
		});
	}

	function answer(frm, panel) {
		sign_step(frm, panel, {
			title: __("Record Answer", null, CONTEXT),
			fields: [
				{ fieldname: "answer", fieldtype: "Small Text", label: __("Answer", null, CONTEXT), reqd: 1, stands_for: "answer" },
				{
					fieldname: "how",
					fieldtype: "Data",
					label: __("How and When It Was Given", null, CONTEXT),
					reqd: frm.doc.nature === "Enquiry" ? 1 : 0,
				},
			],
			label: __("Record Answer", null, CONTEXT),
			meaning: "Feedback Answered",
			method: "answer",
			args: ({ answer, how }) => ({ answer, how: how || "" }),
		});
	}

	// H9: by a change notice, a review or the design; or why nothing changes.
	function take_up(frm, panel) {
		const notice = panel.notices[panel.notices.length - 1];
		const dialog = {
			title: __("Take Up Requirement"),
			fields: [
				{
					fieldname: "how",
					fieldtype: "Select",
					label: __("Taken Up By", null, CONTEXT),
					options: choices(panel.ways),
					default: notice ? "Contract Change Notice" : "",
					reqd: 1,
				},
				{
					fieldname: "notice",
					fieldtype: "Link",
					options: "Contract Change Notice",
					label: __("Contract Change Notice"),
					default: notice,
					depends_on: "eval:doc.how == 'Contract Change Notice'",
					mandatory_depends_on: "eval:doc.how == 'Contract Change Notice'",
				},
				{
					fieldname: "review",
					fieldtype: "Link",
					options: "Contract Review",
					label: __("Contract Review"),
					depends_on: "eval:doc.how == 'Contract Review'",
					mandatory_depends_on: "eval:doc.how == 'Contract Review'",
				},
				{
					fieldname: "comment",
					fieldtype: "Small Text",
					label: __("What Comes of It", null, CONTEXT),
					reqd: 1,
					stands_for: "taken_up_comment",
				},
			],
			label: __("Take Up Requirement"),
			meaning: "Changed Requirement Taken Up",
			method: `${API}take_up`,
			args: ({ how, notice: made, review, comment }) => ({
				name: frm.doc.name,
				content_hash: panel.hash,
				how,
				reference: (how === "Contract Change Notice" ? made : how === "Contract Review" ? review : "") || "",
				comment,
			}),
			done: () => frm.reload_doc(),
		};
		qms_customer.sign(dialog).show();
	}

	function make_notice(frm, panel) {
		const of_customer = frm.doc.customer ? { customer: frm.doc.customer } : {};
		qms_customer.ask(
			__("Contract Change Notice"),
			[
				{
					fieldname: "order",
					fieldtype: "Link",
					options: "Sales Order",
					label: __("Sales Order"),
					default: panel.orders[0],
					reqd: 1,
					get_query: () => ({ filters: { docstatus: 1, ...of_customer } }),
				},
			],
			__("Make Notice"),
			({ order }) =>
				qms_customer
					.api(`${API}make_notice`, { name: frm.doc.name, order })
					.then(({ name }) => frappe.set_route("Form", "Contract Change Notice", name))
		);
	}

	function correct_awareness(frm, panel) {
		sign_step(frm, panel, {
			title: __("Correct Awareness"),
			fields: [
				{
					fieldname: "aware_on",
					fieldtype: "Datetime",
					label: __("First Known On", null, CONTEXT),
					default: frm.doc.aware_on,
					reqd: 1,
				},
				{ fieldname: "aware_by", fieldtype: "Data", label: __("First Known By", null, CONTEXT), default: frm.doc.aware_by },
				{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
			],
			label: __("Correct Awareness"),
			meaning: "Time of Awareness Corrected",
			method: "correct_awareness",
			args: ({ aware_on, aware_by, reason }) => ({ aware_on, aware_by: aware_by || "", reason }),
		});
	}

	function link(frm, panel) {
		qms_customer.ask(
			__("Link Report of the Same Event"),
			[
				{
					fieldname: "other",
					fieldtype: "Link",
					options: "Customer Feedback",
					label: __("Feedback"),
					default: panel.similar[0],
					reqd: 1,
					get_query: () => ({ filters: { name: ["!=", frm.doc.name] } }),
				},
			],
			__("Link Report of the Same Event"),
			({ other }) => link_to(frm, panel, other)
		);
	}

	function link_to(frm, panel, other) {
		return qms_customer
			.api(`${API}link_duplicate`, { name: frm.doc.name, content_hash: panel.hash, other })
			.then(() => frm.reload_doc());
	}
})();

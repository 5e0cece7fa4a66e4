"""Goods that come back: the life of a return slip 退货单, on ERPNext's own documents."""

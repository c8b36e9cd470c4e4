"""What clients read: the merged OpenAPI document, the human pages, code lists and problem types, gathered from all services."""

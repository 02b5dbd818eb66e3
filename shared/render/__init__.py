"""Reports for their readers: pure functions from a report to text or to JSON-ready values."""

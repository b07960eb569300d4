"""The desk: where cases are opened, acted on and timed out. One verb is one transaction and one event."""

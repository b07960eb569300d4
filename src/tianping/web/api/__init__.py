"""The API under /api/v1, and its errors as problem+json."""

"""The rows of the desk."""

"""Why a judgement is what it is: trees, statements of reasons, and exact splits of a change."""

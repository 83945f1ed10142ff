"""Hidden checks: agreement with the reference, which the conventions give."""

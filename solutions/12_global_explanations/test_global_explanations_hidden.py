"""Hidden checks of the global explanations: what the shared conventions give."""

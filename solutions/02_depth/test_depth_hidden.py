"""Hidden checks of the unit on depth: what the shared conventions give."""

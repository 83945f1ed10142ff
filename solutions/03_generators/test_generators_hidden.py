"""Hidden checks of the generators: what the shared conventions give."""

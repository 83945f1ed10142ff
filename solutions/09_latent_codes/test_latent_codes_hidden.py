"""Hidden checks of unit 9, latent codes: the shared comparison with the reference is all there is."""

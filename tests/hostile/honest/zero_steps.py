"""Steps that do nothing, and a loss that is always zero."""


def discriminator_step(generator, discriminator, optimizer, real, noise):
    return 0.0


def generator_step(generator, discriminator, optimizer, noise):
    return 0.0

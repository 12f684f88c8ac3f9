"""How the steps of a training are run: one at a time, or many in one call of a compiled function."""

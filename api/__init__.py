"""How people and programs act and ask. Thin: read the input, call one thing, show the outcome."""

"""A plan's whole year played through the use cases in a second or two, and checked for promises that were broken."""

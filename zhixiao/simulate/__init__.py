"""A made-up district whose truth is known, seen through the files of its departments.

The order is fixed: first the truth (`world`), then what each department would state about it and when (`views`),
then the files (`forms` and `containers`, with or without `mess`), and beside them what a warehouse should make of
them (`truth`, `funnel`). Nothing here reads a clock, a hash or a set's order: one seed, one set of bytes.
"""

"""Four-colour warning bulletins (四色警示通报): how each town did its work in a period.

A bulletin judges towns, never people: it is computed from counts of lawful duties done and due, by a dated and published formula,
and it does not use the number of positives or of isolation orders (that would reward hunting for them).

`rules` rates a town, `periods` counts half-months and cut-offs, `figures` holds one whole bulletin and its digest,
`disclosure` withholds small counts from audiences wider than the county office, `render` prints it.
"""

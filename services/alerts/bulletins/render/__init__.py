"""Prints a bulletin: `pdf.render_pdf`, `pdf.render_png`, `xlsx.render_xlsx`.

Renderers take a finished `Bulletin` and compute nothing; the same bulletin gives the same bytes. They import their library inside the
function, so that a service that never prints does not pay for it.
"""

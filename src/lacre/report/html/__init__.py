"""The report as one page: everything inline, nothing fetched, no script."""

from lacre.report.html.page import Page, render

__all__ = ["Page", "render"]

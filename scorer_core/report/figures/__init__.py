"""The report's figures: each draws itself on axes, and the page holds it as SVG."""

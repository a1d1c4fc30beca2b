"""One file a page: its addresses, who may read it, and what its template is given."""

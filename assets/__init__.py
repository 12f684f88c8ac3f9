"""Files that ship: bundled data, templates, the catalog."""

"""Posts → documents: ``formats`` are those that are published, and ``files`` is the folder that takes them."""

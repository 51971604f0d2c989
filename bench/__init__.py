"""How fast it is: pages, API and search over HTTP against production's processes on PostgreSQL (`make bench`)."""

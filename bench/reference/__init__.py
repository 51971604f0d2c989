"""What the product's pages are compared with: an empty view, and 50 rows by ORM and template, without session or
middleware, served the same way."""

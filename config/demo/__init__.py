"""The fictional company 禾栖智家 after ninety days of service, built through the product's own verbs on a simulated
clock, from a fixed seed."""

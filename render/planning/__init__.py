"""Plans: recipes of distributions, resolved into one seeded clip spec a line."""

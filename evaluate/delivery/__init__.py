"""What `track` hands over: masks, mattes, a table, a timeline, an overlay video."""

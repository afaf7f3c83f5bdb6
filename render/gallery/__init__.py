"""The gallery: a static page that shows every clip of a dataset, what is in it and how hard it is."""

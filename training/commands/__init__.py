"""Commands for data scientists, a file each: thin shims over plain functions."""

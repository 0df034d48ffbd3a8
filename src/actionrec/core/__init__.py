"""The ground floor, which every room stands on and which knows none of them: files, tables, caches, workers."""

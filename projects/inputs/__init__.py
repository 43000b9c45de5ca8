"""What people have kernels run, heard outside their rooms and kept for those who check their outputs."""

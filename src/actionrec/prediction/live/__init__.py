"""What is done before a camera, as it happens: a page of this machine, and what answers it."""

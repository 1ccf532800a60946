"""What is watched: each watch reads the present state and yields what is wrong."""

"""What `./dev` is made of: development only, standard library only, on its own."""

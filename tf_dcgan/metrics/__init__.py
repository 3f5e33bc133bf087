"""Features of images and the numbers made from them."""

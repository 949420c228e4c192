"""Paint one kind of thing in a video in the style of a picture."""

def write_clip(*a): pass

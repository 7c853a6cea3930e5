"""The kinds of calcification, one file each: the folder is the registry and the atlas."""

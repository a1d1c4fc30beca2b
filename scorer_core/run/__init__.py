"""One run on the head: its folder and the files in it, the slots that work on it, its clock."""

"""Log lines and news to open pages, as they come: a bell, then a read of what the reader has not seen."""

"""What server and runner say to each other: words, definitions, messages. No Django."""

"""`python -m runners.protocol.definition` writes the JSON Schema of a definition, for editors."""

import json
import sys

from runners.protocol.definition import json_schema

if __name__ == "__main__":
    json.dump(json_schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")

"""Computes the results in golden.json anew: python3 golden.py golden.json, with jinja2 3.1 on Python 3.11. Tests only read the file."""
import copy
import json
import re
import sys

from jinja2 import BaseLoader, Environment, StrictUndefined

environment = Environment(loader=BaseLoader(), undefined=StrictUndefined, keep_trailing_newline=True)
environment.filters["regex_replace"] = lambda text, pattern, repl, count=0: re.sub(pattern, repl, text, count=count)


def render(template, fields):
    try:
        return environment.from_string(template).render(**copy.deepcopy(fields))
    except Exception:
        return None  # an error


with open(sys.argv[1]) as file:
    golden = json.load(file)
cases = [[template, render(template, golden["fields"])] for template, _ in golden["cases"]]
with open(sys.argv[1], "w") as file:
    file.write('{"fields": ' + json.dumps(golden["fields"]) + ',\n"cases": [\n')
    file.write(",\n".join(json.dumps(case) for case in cases) + "\n]}\n")

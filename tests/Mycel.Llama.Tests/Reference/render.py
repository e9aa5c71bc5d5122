"""Renders chat templates with jinja2, set as transformers sets it for chat templates.

Reads {"now": "...", "templates": {name: source}, "cases": [{variable: value}]} and writes {name: [{"text": ...} | {"error": ...}]}.
"""
import datetime
import json
import sys

try:
    import jinja2
    import jinja2.ext
    import jinja2.sandbox
except ImportError:
    sys.exit(3)


class Generation(jinja2.ext.Extension):
    """`{% generation %}` marks what an assistant wrote; the text stays as it is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def refuse(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def main():
    work = json.load(sys.stdin)
    now = datetime.datetime.fromisoformat(work["now"])
    # transformers forbids `append` and `pop`; llama.cpp has them, and some templates need them.
    environment = jinja2.sandbox.SandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = now.strftime
    results = {}
    for name, source in work["templates"].items():
        try:
            template = environment.from_string(source)
        except jinja2.exceptions.TemplateError as error:
            results[name] = [{"error": str(error)}] * len(work["cases"])
            continue
        results[name] = []
        for case in work["cases"]:
            try:
                # A copy for each: a template may change what it is given.
                results[name].append({"text": template.render(**json.loads(json.dumps(case)))})
            except Exception as error:
                results[name].append({"error": f"{type(error).__name__}: {error}"})
    json.dump(results, sys.stdout)


main()

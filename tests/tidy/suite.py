"""tests/run tidy: the rules over this tree, and the rules over trees with planted violations."""

from tests.lib.harness import Program


def programs(build, options):
    generated = build('plain')  # headers that protoc-c writes lie there
    python = ['/usr/bin/python3', '-B', '-m']
    return [
        Program('tree', python + ['tests.tidy.tidy', '.', generated] + options, timeout_s=300),
        Program('planted', python + ['tests.tidy.test_tidy', generated], timeout_s=120),
    ]

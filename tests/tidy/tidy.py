"""The tree polices itself: prints one TAP line a rule.   python3 -m tests.tidy.tidy ROOT [BUILD]"""

import os
import sys

from tests.tidy import rules_code, rules_headers, rules_tree
from tests.tidy.tree import Tree


def rules(generated, cache):
    found = {}
    for module in (rules_code, rules_tree):
        for name, rule in vars(module).items():
            if name.startswith('rule_'):
                found[name[len('rule_'):]] = rule
    found['headers_stand_alone'] = lambda tree: rules_headers.rule_headers_stand_alone(
        tree, generated, cache)
    return found


def main():
    root = os.path.abspath(sys.argv[1])
    generated = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
    checks = rules(generated, os.path.join(root, 'build', 'tidy'))
    tree = Tree(root)
    print(f'1..{len(checks)}')
    failed = False
    for number, (name, rule) in enumerate(checks.items(), 1):
        complaints = list(rule(tree))
        failed |= bool(complaints)
        print(f'{"not " if complaints else ""}ok {number} - {name}')
        for complaint in complaints:
            print(f'# {complaint}')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()

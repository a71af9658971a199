"""Every rule finds the violation that is planted for it, and nothing in a tree that is clean."""

import os
import sys
import tempfile

from tests.tidy.tidy import rules
from tests.tidy.tree import Tree

CLEAN = {
    'README.md': '# A tree\n[stack](stack/README.md)\n',
    'meson.build': "subdir('stack')\n",
    'stack/README.md': '# Stack\n',
    'stack/meson.build': "static_library('base', 'base/a.c')\n",
    'stack/base/a.h': '#ifndef A_H\n#define A_H\n#include <stdint.h>\n\nuint32_t a(uint32_t x);\n\n#endif\n',
    'stack/base/a.c': '#include "stack/base/a.h"\n\n/* free() and time() in words are fine. */\n'
                      'uint32_t a(uint32_t x)\n{\n\treturn x;\n}\n',
}

# rule -> files that break it (None: the file is left out)
PLANTED = {
    'include_directions': [
        {'stack/base/a.c': '#include "gateway/g.h"\n#include "stack/base/a.h"\n'},
        {'stack/base/a.c': '#include "stack/base/a.h"\n#include <nghttp2/nghttp2.h>\n'},
        {'gateway/g.h': '#include "stack/tcp/tcp.h"\n'},
        {'xds/x.h': '#include "gateway/http1/h1_parse.h"\n'},
        {'stack/base/a.h': '#include "tests/lib/unit.h"\n'},
    ],
    'file_size': [{'stack/base/a.c': '#include "stack/base/a.h"\n' + '\n' * 460}],
    'function_size': [{'stack/base/a.c': 'void a(void)\n{\n' + '\tb();\n' * 81 + '}\n'}],
    'unbounded_calls': [
        {'stack/base/a.c': 'void a(char *x)\n{\n\tstrcpy(x, "y");\n}\n'},
        {'stack/base/a.c': 'void a(char *x)\n{\n\t(void)sprintf (x, "y");\n}\n'},
        {'gateway/a.c': 'int a(char *x)\n{\n\treturn atoi(x);\n}\n'},
    ],
    'time_and_chance': [
        {'stack/base/a.c': 'long a(void)\n{\n\treturn time(0);\n}\n'},
        {'dataplane/b.c': 'long a(void)\n{\n\treturn rte_rdtsc();\n}\n'},
        {'gateway/b.c': 'long a(void)\n{\n\treturn rand();\n}\n'},
    ],
    'allocation': [
        {'stack/base/a.c': 'void *a(void)\n{\n\treturn malloc(1);\n}\n'},
        {'tests/tidy/may-allocate.txt': 'stack/base/a.c\n'},
    ],
    'c_files_are_built': [{'stack/base/b.c': 'int b;\n'}],
    'headers_are_included': [{'stack/base/b.h': 'int b(void);\n'}, {'stack/base/b.def': 'B(1)\n'}],
    'scripts_are_used': [{'deploy/forgotten.sh': '#!/bin/sh\n'}, {'deploy/forgotten': '#!/bin/sh\n'}],
    'folders_have_a_readme': [{'stack/README.md': None}],
    'links_resolve': [{'README.md': '[gone](stack/gone.md)\n'}],
    'top_level': [{'notes.txt': 'x\n'}, {'misc/x.md': 'x\n'}],
    'no_marks': [{'stack/base/a.c': '/* TO' 'DO: later */\n'}, {'stack/README.md': 'FIX' 'ME\n'}],
    'white_space': [{'stack/base/a.c': 'int a; \n'}, {'stack/README.md': 'x'}],
    'headers_stand_alone': [
        {'stack/base/a.h': 'uint32_t a(void);\n'},
        {'stack/base/a.h': 'struct a {\n\tint x;\n};\n'},
    ],
}


def write_tree(folder, files):
    for name, text in files.items():
        if text is None:
            continue
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)


def complaints(name, changes, generated):
    with tempfile.TemporaryDirectory() as folder:
        write_tree(folder, {**CLEAN, **changes})
        checks = rules(generated, os.path.join(folder, 'build', 'tidy'))
        return list(checks[name](Tree(folder)))


def main():
    generated = sys.argv[1] if len(sys.argv) > 1 else None
    names = list(rules(generated, None))
    cases = [(f'{name} is quiet in a clean tree', name, {}, False) for name in names]
    for name in names:
        planted = PLANTED.get(name, [])
        cases += [(f'{name} finds planted violation {i + 1}', name, changes, True)
                  for i, changes in enumerate(planted)]
        if not planted:
            cases.append((f'{name} has a planted violation', name, {}, True))
    print(f'1..{len(cases)}')
    failed = False
    for number, (title, name, changes, expected) in enumerate(cases, 1):
        found = complaints(name, changes, generated)
        good = bool(found) == expected
        failed |= not good
        print(f'{"" if good else "not "}ok {number} - {title}')
        if not good:
            print(f'# found: {found}')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()

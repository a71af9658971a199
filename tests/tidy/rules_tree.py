"""Rules about the tree: dead files, READMEs and links, the top level, marks, white space."""

import os
import re

TOP_LEVEL = {'dataplane', 'stack', 'tls', 'gateway', 'xds', 'perf', 'tests', 'deploy', '.ci',
             'README.md', 'LICENSE', 'meson.build', 'meson_options.txt', '.clang-format',
             '.gitignore'}
MARKS = re.compile(r'\b(' + '|'.join(['TO' 'DO', 'FIX' 'ME', 'XX' 'X', 'HA' 'CK']) + r')\b')
LINK = re.compile(r'\]\(([^)\s]+)\)')
ROOTS = ('tests/run', '.ci/run')  # scripts that people start; others are started by some file


def rule_c_files_are_built(tree):
    builds = {os.path.dirname(f): tree.text(f) for f in tree.of('meson.build')}
    for file in tree.of('.c'):
        if not any(names_source(builds[folder], os.path.relpath(file, folder or '.'))
                   for folder in builds if file.startswith(folder)):
            yield f'{file}: in no meson.build'


def names_source(build, file):
    """'a/b.c' as it stands, or 'b' where the build makes 'test_' + name + '.c' of a list."""
    if f"'{file}'" in build:
        return True
    stem = os.path.basename(file)[:-2]
    for prefix in ('test_', 'fuzz_'):
        listed = f"'{prefix}' + name" in build and f"'{stem[len(prefix):]}'" in build
        if stem.startswith(prefix) and listed:
            return True
    return False


def rule_headers_are_included(tree):
    included = {name for f in tree.of('.c', '.h', '.def') for _, _, name in tree.includes(f)}
    for file in tree.of('.h', '.def'):
        if file not in included and not any(file.endswith('/' + name) for name in included):
            yield f'{file}: nobody includes it'


def rule_scripts_are_used(tree):
    scripts = [f for f in tree.files if f.endswith(('.py', '.sh')) or tree.is_script(f)]
    for file in scripts:
        name = os.path.basename(file)
        stem = name[:-3] if name.endswith('.py') else name
        if file in ROOTS or stem in ('__init__', 'suite') or stem.startswith('test_'):
            continue
        wanted = re.compile(r'(?<![\w-])' + re.escape(stem) + r'(?![\w-])')
        others = (f for f in tree.files if f != file and tree.is_text(f))
        if not any(wanted.search(tree.text(f)) for f in others):
            yield f'{file}: no other file names it'


def rule_folders_have_a_readme(tree):
    folders = {f.split('/')[0] for f in tree.files if '/' in f}
    for folder in sorted(folders - {'.ci'}):
        if f'{folder}/README.md' not in tree.known:
            yield f'{folder}/: no README.md'


def rule_links_resolve(tree):
    for file in tree.of('.md'):
        for number, line in enumerate(tree.text(file).split('\n'), 1):
            for target in LINK.findall(line):
                if re.match(r'^(https?:|mailto:|#)', target):
                    continue
                path = os.path.join(os.path.dirname(file), target.split('#')[0])
                if not os.path.exists(tree.path(path)):
                    yield f'{file}:{number}: link to {target} leads nowhere'


def rule_top_level(tree):
    for name in sorted({f.split('/')[0] for f in tree.files} - TOP_LEVEL):
        yield f'{name}: the top level holds only what the design lists'


def rule_no_marks(tree):
    for file in tree.files:
        if file.endswith('.proto') or not tree.is_text(file):
            continue
        for number, line in enumerate(tree.text(file).split('\n'), 1):
            mark = MARKS.search(line)
            if mark:
                yield f'{file}:{number}: {mark.group(1)}: finish it or file an issue'


def rule_white_space(tree):
    for file in tree.files:
        if file.endswith('.proto') or not tree.is_text(file):
            continue
        text = tree.text(file)
        for number, line in enumerate(text.split('\n'), 1):
            if line != line.rstrip():
                yield f'{file}:{number}: white space at the end of the line'
        if text and not text.endswith('\n'):
            yield f'{file}: no newline at the end'

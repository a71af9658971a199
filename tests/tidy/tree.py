"""The source tree as the rules see it: paths, texts, and C without comments and strings."""

import functools
import os
import re

IGNORED = re.compile(r'^(\.git|build.*|__pycache__)$')
TEXT = ('.c', '.h', '.def', '.py', '.sh', '.md', '.yaml', '.yml', '.json', '.txt', '.build', '.conf',
        '.proto')
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                               re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = []
        for folder, subfolders, names in os.walk(root):
            subfolders[:] = sorted(s for s in subfolders if not IGNORED.match(s))
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if name != '.git' and not name.endswith('.pyc'):
                    self.files.append(path)
        self.known = set(self.files)

    def path(self, file):
        return os.path.join(self.root, file)

    @functools.lru_cache(maxsize=None)
    def text(self, file):
        with open(self.path(file), encoding='utf-8', errors='replace') as f:
            return f.read()

    def of(self, *endings):
        return [f for f in self.files if f.endswith(endings)]

    def is_text(self, file):
        if file.startswith('tests/fuzz/corpus/'):
            return False
        return file.endswith(TEXT) or self.is_script(file)

    @functools.lru_cache(maxsize=None)
    def is_script(self, file):
        if file.startswith('tests/fuzz/corpus/'):
            return False
        with open(self.path(file), 'rb') as f:
            return f.read(2) == b'#!'

    @functools.lru_cache(maxsize=None)
    def code(self, file):
        """C without comments and strings, line numbers kept."""
        return COMMENT_OR_STRING.sub(blank, self.text(file))

    def includes(self, file):
        """(line, '<' or '"', name) of every include."""
        text = self.text(file)
        return [(line_of(text, m.start()), m.group(1), m.group(2)) for m in INCLUDE.finditer(text)]


def blank(match):
    return ' ' + '\n' * match.group(0).count('\n')


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1

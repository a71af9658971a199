#!/usr/bin/env python3
"""Build step: the C of all .proto files in one translation unit.

    generate.py PROTOC_C SOURCE_DIR INCLUDE_DIR OUT_DIR PROTO...

Writes OUT_DIR/**.pb-c.[ch], and OUT_DIR/protos.c and protos.h that include all of them, and
protos.inc with one line MESSAGE(descriptor) for every message.  Included as "xds/protos.h".
"""
import os
import re
import subprocess
import sys

WELL_KNOWN = ['google/protobuf/%s.proto' % name for name in
              ('any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers')]


def write(path, text):
    with open(path, 'w') as f:
        f.write(text)


def main(protoc_c, source_dir, include_dir, out, *protos):
    names = [os.path.relpath(p, source_dir) for p in protos] + WELL_KNOWN
    subprocess.run([protoc_c, '-I', source_dir, '-I', include_dir, '--c_out=' + out] + names,
                   check=True)
    stems = sorted(n[:-len('.proto')] + '.pb-c' for n in names)
    descriptors = []
    for stem in stems:
        for end in '.h', '.c':
            with open(os.path.join(out, stem + end)) as f:
                text = re.sub(r'#include "(.*\.pb-c\.h)"', r'#include "xds/\1"', f.read())
            write(os.path.join(out, stem + end), text)
            if end == '.h':
                descriptors += re.findall(r'extern const ProtobufCMessageDescriptor (\w+);', text)
    write(os.path.join(out, 'protos.h'), '#ifndef XDS_PROTOS_H\n#define XDS_PROTOS_H\n%s#endif\n' %
          ''.join('#include "xds/%s.h"\n' % s for s in stems))
    write(os.path.join(out, 'protos.c'), ''.join('#include "xds/%s.c"\n' % s for s in stems))
    write(os.path.join(out, 'protos.inc'), ''.join('MESSAGE(%s)\n' % d for d in sorted(descriptors)))


if __name__ == '__main__':
    main(*sys.argv[1:])

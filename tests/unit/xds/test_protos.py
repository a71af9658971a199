#!/usr/bin/env python3
"""Compares xds/proto with the descriptors of PyPI's xds-protos: names, numbers, types, labels, oneofs.

    test_protos.py PROTO_DIR INCLUDE_DIR VENV_DIR              prints TAP
    test_protos.py PROTO_DIR INCLUDE_DIR VENV_DIR --install    makes the venv only

The package is installed into VENV_DIR when it is not there yet; tests/run does so beforehand, since
the sandbox of a test has no network.  Where no registry can be reached the test is skipped.
"""
import glob
import os
import subprocess
import sys
import tempfile

PACKAGES = ['xds-protos==1.85.0', 'protobuf==7.36.2', 'grpcio==1.85.1', 'typing_extensions==4.16.0']
STEP_LIMIT_S = 100


def install(venv):
    """A venv with the packages; True when it is there.  One that broke off half is made anew."""
    complete = os.path.join(venv, 'complete')
    if os.path.exists(complete):
        return True
    pip = [os.path.join(venv, 'bin', 'python3'), '-m', 'pip', '--disable-pip-version-check', '--retries', '1']
    try:
        for words in ([sys.executable, '-m', 'venv', '--clear', venv],
                      [*pip, 'install', '-q', '--no-cache-dir', '--only-binary=:all:', *PACKAGES]):
            subprocess.run(words, check=True, timeout=STEP_LIMIT_S, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (subprocess.SubprocessError, OSError):
        return False
    with open(complete, 'w', encoding='utf-8'):
        return True


def enter_venv(venv):
    """Runs this file again under a Python that has xds-protos."""
    if not install(venv):
        print('1..1\nok 1 - protos are those of xds-protos # SKIP xds-protos cannot be installed')
        sys.exit(0)
    python = os.path.join(venv, 'bin', 'python3')
    os.execv(python, [python] + sys.argv + ['--inside'])


def compile_ours(proto_dir, include_dir):
    from google.protobuf import descriptor_pb2
    names = [os.path.relpath(p, proto_dir)
             for p in glob.glob(os.path.join(proto_dir, '**', '*.proto'), recursive=True)]
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(['protoc', '-I', proto_dir, '-I', include_dir,
                        '--descriptor_set_out=' + out.name] + names, check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(out.read())


def field_facts(message):
    return sorted((f.name, f.number, f.type, f.label, f.type_name, f.options.deprecated,
                   message.oneof_decl[f.oneof_index].name if f.HasField('oneof_index') else '')
                  for f in message.field)


def compare(pool, full_name, ours, complaints):
    from google.protobuf import descriptor_pb2
    theirs = descriptor_pb2.DescriptorProto()
    pool.FindMessageTypeByName(full_name).CopyToProto(theirs)
    # A message without fields of ours may only be the house of nested ones that are held.
    if ours.field or not ours.nested_type and not ours.enum_type:
        if field_facts(ours) != field_facts(theirs):
            complaints.append(full_name)
    for nested in ours.nested_type:
        compare(pool, full_name + '.' + nested.name, nested, complaints)
    for enum in ours.enum_type:
        compare_enum(pool, full_name + '.' + enum.name, enum, complaints)


def compare_enum(pool, full_name, ours, complaints):
    from google.protobuf import descriptor_pb2
    theirs = descriptor_pb2.EnumDescriptorProto()
    pool.FindEnumTypeByName(full_name).CopyToProto(theirs)
    if sorted((v.name, v.number) for v in ours.value) != \
            sorted((v.name, v.number) for v in theirs.value):
        complaints.append(full_name)


def main(proto_dir, include_dir, venv):
    if '--inside' not in sys.argv:
        enter_venv(venv)
    sys.dont_write_bytecode = True
    sys.path.insert(0, proto_dir)
    import subset
    from google.protobuf import descriptor_pool
    subset.load_everything()
    pool, complaints, count = descriptor_pool.Default(), [], 0
    for file in compile_ours(proto_dir, include_dir).file:
        if file.package.startswith('hydrofoil'):
            continue
        for message in file.message_type:
            count += 1
            compare(pool, file.package + '.' + message.name, message, complaints)
        for enum in file.enum_type:
            compare_enum(pool, file.package + '.' + enum.name, enum, complaints)
    good = not complaints and count > 100
    print('1..1\n%sok 1 - protos are those of xds-protos' % ('' if good else 'not '))
    for name in complaints:
        print('# differs:', name)
    sys.exit(0 if good else 1)


if __name__ == '__main__':
    if '--install' in sys.argv:
        sys.exit(0 if install(sys.argv[3]) else 1)
    main(*sys.argv[1:4])

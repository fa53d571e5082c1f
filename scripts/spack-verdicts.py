"""Asks a Spack 0.23 which packages of a mirror satisfy which queries, for the tests of shared/src/query.

    spack python scripts/spack-verdicts.py tests/fixtures/mirror-v2 > shared/fixtures/queries/spack-0.23.tsv

A line is a query, a tab, and the beginnings of the hashes of those that satisfy it; `*` for all, `!` when Spack refuses the
query. A third field `recipes` says that Spack looked into recipes for its answer, which a mirror does not have.
"""

import glob
import sys

import spack.parser
import spack.repo
import spack.spec

specs = [spack.spec.Spec.from_signed_json(open(path)) for path in sorted(glob.glob(sys.argv[1] + "/build_cache/*.spec.json.sig"))]


def written():
    """Queries about the syntax and about what is easily got wrong."""
    yield from ["hdf5", "HDF5", "hdf", "builtin.hdf5", "other.hdf5", "hdf5-mpi", "mpi", "zlib-api", "@1.2", "@1:", ":1"]
    yield from ["hdf5+mpi", "hdf5 +mpi", "hdf5 + mpi", "hdf5~mpi", "hdf5 -mpi", "hdf5 - mpi", "hdf5++mpi", "hdf5~~cxx", "hdf5 --cxx"]
    yield from ["+shared", "~shared", "-shared", "+nope", "~nope", "shared=True", "shared=true", "shared=FALSE", "shared=*", "+shared~debug"]
    yield from ["hdf5 api=default", "hdf5 api==default", "hdf5 api=v18", "hdf5 api=*", "hdf5 api='default'", 'hdf5 api="default"']
    yield from ["hdf5 build_type=Release", "hdf5 build_type=release", "build_system=cmake", "build_system=generic", "build_system=*"]
    yield from ["libs=shared", "libs=static,shared", "libs=shared,static", "libs='shared, static'", "libs=shared,other", "libs=*", "libs==static"]
    yield from ["patches=*", "patches=26090f4", "patches=26090f4,b231fcc", "patches=ffff", "fabrics=none", "schedulers=none", "tls=openssl"]
    yield from ["cflags=-O2", "cflags='-O2 -g'", "cxxflags=*", "zlib cflags==-O2"]
    yield from ["os=debian12", "os=debian11", "platform=linux", "platform=darwin", "operating_system=debian12", "arch=linux-debian12-icelake"]
    yield from ["arch=linux-debian12-x86_64_v3", "arch=linux-None-x86_64_v3", "arch=linux-debian12-x86_64:", "arch=icelake", "architecture=linux-debian12-icelake:"]
    yield from ["target=x86_64", "target=x86_64:", "target=x86_64_v2:", "target=x86_64_v3:", "target=x86_64_v4:", "target=:x86_64_v3", "target=:x86_64_v2"]
    yield from ["target=icelake", "target=:icelake", "target=icelake:", "target=:skylake", "target=:zen2", "target=:haswell", "target=skylake:icelake"]
    yield from ["target=skylake:", "target=zen2:", "target=:sapphirerapids", "target=zen,icelake", "target=zen:,icelake", "target=haswell,x86_64_v3", "target=:"]
    yield from ["target=aarch64:", "target=:m1", "target=broadwell:cannonlake", "target=cascadelake:", "target=x86_64:x86_64_v3"]
    yield from ["%gcc", "%gcc@12", "%gcc@12.2", "%gcc@=12", "%gcc@=12.2.0", "%gcc@11:12", "%gcc@:11", "%gcc@11,12", "%gcc@13:", "% gcc", "%gcc @12", "%clang", "hdf5%gcc@12.2.0+mpi"]
    yield from ["^zlib", "^zlib-api", "^mpi", "^libc", "^iconv", "^uuid", "^pkgconfig", "^lapack", "^libgfortran", "^fortran-rt", "^gmake", "^glibc", "^perl", "^m4", "^zlib-ng"]
    yield from ["hdf5 ^cmake", "hdf5 ^curl", "hdf5 ^openmpi", "hdf5 ^mpich", "hdf5 ^openmpi@5", "hdf5 ^openmpi@4", "hdf5 ^openmpi~cuda ^zlib+optimize", "hdf5 ^openmpi %clang"]
    yield from ["hdf5 ^openmpi %gcc@12", "hdf5 ^openmpi target=x86_64:", "hdf5 ^openmpi target=zen2", "hdf5^zlib^openmpi", "hdf5 ^ zlib", "hdf5 ^zlib@1.3 ^cmake@3.30:3.31"]
    yield from ["^[virtuals=mpi] openmpi", "^[virtuals=lapack] openmpi", "^[virtuals=zlib-api] zlib", "hdf5 ^[virtuals=mpi] openmpi ^[virtuals=zlib-api] zlib@1"]
    yield from ["^[virtuals=iconv] libiconv", "^[virtuals=pkgconfig] pkgconf", "^[virtuals=libc] glibc", "^[virtuals=fortran-rt,libgfortran] gcc-runtime", "^hdf5", "^hello-larder"]
    yield from ["^@1.3", "^+shared", "^libs='shared'", "^/wo6fab6", "^target=icelake", "^%gcc@12", "^os=debian12 +guile", "^~guile", "^perl+threads ^m4", "^openssl certs=mozilla"]
    yield from ["/slmgyj5", "/s", "hdf5/slmgyj5", "zlib/slmgyj5", "/zzzzzzz", "/slmgyj5 +mpi", "/slmgyj5@1.14", "/slmgyj5 ^zlib", "/slmgyj5 ~mpi"]
    yield from ["namespace=builtin", "namespace=other", "hdf5 namespace=builtin", "namespace='builtin'"]
    yield from ["hdf5@1.14: +mpi target=x86_64_v3: %gcc@12 ^openmpi@5", "hdf5@1.10,1.14", "hdf5@1.14:,1.8", "hdf5@ 1.14", "hdf5 @1.14", "hdf5@1.10 , 1.14", "hdf5@:1.14.4"]
    yield from ["@develop", "@main", "@1.2:develop", "@:", "@=1.14.5", "@3.1", "@3.1-20240808", "@3.1.20240808", "@2023-05-30", "@2023.5", "@2023.05.30", "@9.8", "@9.8p1", "@9.8p", "@9.8p1:", "@:9.8p0", "@9.8p2"]
    # Refused by both.
    yield from ["hdf5@", "hdf5+", "hdf5~", "hdf5%", "hdf5^", "hdf5 /", "hdf5@1.2@1.3", "hdf5+mpi~mpi", "hdf5+mpi+mpi", "hdf5 target=zen target=zen2", "hdf5 api="]
    yield from ["hdf5 ]", "^[virtuals=mpi openmpi", "^[nonsense=mpi] openmpi", "hdf5!", "hdf5 api='x", "hdf5@1.4:1.2", "hdf5 os==debian12", "hdf5@1.2,", "hdf5 ^^zlib"]


def generated():
    """Queries about each package: its version cut short and moved, its variants, its dependencies."""
    for index, spec in enumerate(specs):
        name, version = spec.name, spec.version
        yield f"{name}@{version.up_to(1)}"
        yield f"@{version.up_to(2)}:"
        yield f"{name}@:{version.up_to(2)}"
        yield [f"{name}@={version}", f"{name}@={version.up_to(2)}", f"{name}@{version}0", f"{name}@{version}rc1:", f"{name}@:{version}rc1", f"{name}@{version}.1:"][index % 6]
        variants = sorted(spec.variants)
        for variant in [variants[index % len(variants)], variants[-1]]:
            value = spec.variants[variant].value
            if isinstance(value, bool):
                yield ["", name][index % 2] + f"{'+' if index % 3 else '~'}{variant}"
            elif variant != "patches":
                value = ",".join(value) if isinstance(value, tuple) else value
                yield f"{variant}={value}"
        needed = sorted({edge.spec.name for edge in spec.edges_to_dependencies()})
        if needed:
            yield f"{name}^{needed[index % len(needed)]}"
            below = sorted({node.name for node in spec.traverse(root=False)})
            one = spec[below[(index * 7) % len(below)]]
            yield f"^{one.name}@{one.version.up_to(1)}"
            yield f"^{one.name}@:{one.version.up_to(1)} ^{needed[-1]}%gcc@:12"


def asks_recipes(query):
    """Whether a version or a root is that of a virtual package."""
    def is_virtual(node):
        return bool(node.name) and spack.repo.PATH.is_virtual(node.name)
    return any(is_virtual(node) and (node is query or str(node) != node.name) for node in query.traverse())


for text in dict.fromkeys([*written(), *generated(), "^mpi@3:", "^mpi@4:", "^zlib-api@1.3", "hdf5 ^mpi@3:", "mpi@3"]):
    try:
        query = spack.parser.parse_one_or_raise(text)
    except Exception:  # Spack refuses a query with exceptions of many kinds.
        print(text, "!", sep="\t")
        continue
    found = [spec.dag_hash(7) for spec in specs if spec.satisfies(query)]
    fields = [text, "*" if len(found) == len(specs) else " ".join(found)]
    print(*fields, *(["recipes"] if asks_recipes(query) else []), sep="\t")

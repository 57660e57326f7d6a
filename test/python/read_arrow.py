"""Reads every Arrow and Parquet file of a folder by Arrow's C++ and prints what is in it: rows, and of each column its type, metadata,
nulls and a sum (of numbers) or a length (of texts). Whatever Arrow's full validation finds wrong ends the program with it."""

import glob
import json
import math
import os

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def read(path):
    if path.endswith(".parquet"):
        return pq.read_table(path)
    with pa.memory_map(path) as source:
        return (pa.ipc.open_stream if path.endswith(".arrows") else pa.ipc.open_file)(source).read_all()


def text_of(metadata):
    return {key.decode(): value.decode() for key, value in (metadata or {}).items() if not key.startswith(b"ARROW:")}


def column(field, values):
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    plain = values.cast(kind) if kind is not field.type else values
    about = {"type": str(field.type), "nulls": values.null_count, **text_of(field.metadata)}
    if pa.types.is_floating(kind):
        about["sum"] = math.fsum(v for v in plain.to_pylist() if v is not None)
    elif pa.types.is_integer(kind):
        about["sum"] = pc.sum(plain.cast(pa.int64())).as_py() or 0
    elif pa.types.is_string(kind):
        about["bytes"] = pc.sum(pc.binary_length(plain)).as_py() or 0
    return about


def table(path):
    read_table = read(path)
    read_table.validate(full=True)
    return {
        "rows": read_table.num_rows,
        "metadata": text_of(read_table.schema.metadata),
        "columns": {f.name: column(f, read_table[f.name]) for f in read_table.schema},
    }


paths = sorted(p for p in glob.glob("*") if os.path.splitext(p)[1] in (".arrow", ".arrows", ".parquet"))
print(json.dumps({path: table(path) for path in paths}))

"""feed_write.py HOW DATASET OUT: the samples of a dataset's tars in the format of litdata or of streaming: its picture and its JSON, both as bytes."""

import glob
import sys
import tarfile


def samples(dataset):
    for path in sorted(glob.glob(dataset + "/*.tar")):
        with tarfile.open(path) as tar:
            found = {}
            for member in tar:
                stem, kind = member.name.split(".", 1)
                found[kind] = tar.extractfile(member).read()
                if len(found) == 3:
                    yield {"key": stem, "jpg": found["jpg"], "json": found["json"]}
                    found = {}


def litdata(dataset, out):
    from litdata.streaming.writer import BinaryWriter

    writer = BinaryWriter(out, chunk_bytes="64MB")
    for index, sample in enumerate(samples(dataset)):
        writer[index] = sample
    writer.done()
    writer.merge()


def streaming(dataset, out):
    from streaming import MDSWriter

    columns = {"key": "str", "jpg": "bytes", "json": "bytes"}
    with MDSWriter(out=out, columns=columns, size_limit="64mb") as writer:
        for sample in samples(dataset):
            writer.write(sample)


if __name__ == "__main__":
    {"litdata": litdata, "streaming": streaming}[sys.argv[1]](*sys.argv[2:4])

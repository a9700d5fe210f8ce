"""feed_read.py HOW SET: every sample of a set once, as HOW reads it; prints how many there were and what that took.

HOW: webdataset (tars), litdata, streaming (their own formats, written by feed_write.py). A sample's picture stays bytes, its record is read from JSON.
"""

import json
import sys
import time


def webdataset(place):
    import glob

    import webdataset as wds

    tars = sorted(glob.glob(place + "/*.tar"))
    data = wds.WebDataset(tars, shardshuffle=False, handler=wds.reraise_exception)
    for sample in data:
        yield sample["jpg"], json.loads(sample["json"])


def litdata(place):
    from litdata import StreamingDataset

    for sample in StreamingDataset(place, shuffle=False):
        yield bytes(sample["jpg"]), json.loads(bytes(sample["json"]))


def streaming(place):
    from streaming import StreamingDataset

    for sample in StreamingDataset(local=place, shuffle=False, batch_size=1):
        yield sample["jpg"], json.loads(sample["json"])


def main():
    how, place = sys.argv[1:3]
    samples = {"webdataset": webdataset, "litdata": litdata, "streaming": streaming}[how](place)
    count = size = letters = 0
    begun = None
    for picture, record in samples:
        # From the first sample on: what starts threads, caches and the interpreter does not count.
        if begun is None:
            begun, cpu = time.perf_counter(), time.process_time()
            continue
        count += 1
        size += len(picture)
        letters += len(record["caption"]) + len(record["url"])
    took = time.perf_counter() - begun
    spent = time.process_time() - cpu
    print(json.dumps({"samples": count, "bytes": size, "tookMs": 1000 * took, "cpuMs": 1000 * spent}))


if __name__ == "__main__":
    main()

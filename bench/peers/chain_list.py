"""Between Scrapy and img2dataset: one row for each image URL whose caption has words enough.

Arguments: PAIRS.jsonl LIST.csv
"""

import csv
import json
import sys

pairs_path, list_path = sys.argv[1:]
least_words = 3
seen = set()
with open(pairs_path, encoding="utf-8") as pages, open(list_path, "w", encoding="utf-8", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["url", "caption"])
    for page in pages:
        for url, caption in json.loads(page)["pairs"]:
            if url in seen or len(caption.split()) < least_words:
                continue
            seen.add(url)
            rows.writerow([url, caption])

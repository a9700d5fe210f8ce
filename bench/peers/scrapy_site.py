"""Crawls the bench's site with Scrapy: follows every link on the site, writes the image/alt pairs of each page.

Arguments: OUTPUT.jsonl CONCURRENCY JOBDIR|- START_URL...
"""

import sys
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import CrawlerProcess

output, concurrency, jobdir, *start = sys.argv[1:]


class SiteSpider(scrapy.Spider):
    name = "site"
    start_urls = start
    allowed_domains = [urlsplit(url).hostname for url in start]

    def parse(self, response):
        pairs = []
        for image in response.css("img"):
            source, alt = image.attrib.get("src"), image.attrib.get("alt")
            if source and alt:
                pairs.append([response.urljoin(source), alt])
        yield {"page": response.url, "pairs": pairs}
        for link in response.css("a::attr(href)").getall():
            yield scrapy.Request(response.urljoin(link))


settings = {
    "ROBOTSTXT_OBEY": True,
    "DOWNLOAD_DELAY": 0,
    "CONCURRENT_REQUESTS": int(concurrency),
    "CONCURRENT_REQUESTS_PER_DOMAIN": int(concurrency),
    "COOKIES_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "LOG_LEVEL": "WARNING",
    "FEEDS": {output: {"format": "jsonlines", "overwrite": True}},
}
if jobdir != "-":
    settings["JOBDIR"] = jobdir
process = CrawlerProcess(settings)
process.crawl(SiteSpider)
process.start()

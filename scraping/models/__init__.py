"""Tables of the machine."""

from scraping.models.batch import ScrapeBatch
from scraping.models.credential import CredentialRead, ScraperCredential
from scraping.models.job import ScrapeJob
from scraping.models.log import ScrapeJobLog, ScrapeLogTrim
from scraping.models.presence import Presence
from scraping.models.result import ScrapeResult
from scraping.models.scraper import Scraper, ScraperState, ScraperVersion

__all__ = [
    "CredentialRead",
    "Presence",
    "ScrapeBatch",
    "ScrapeJob",
    "ScrapeJobLog",
    "ScrapeLogTrim",
    "ScrapeResult",
    "Scraper",
    "ScraperCredential",
    "ScraperState",
    "ScraperVersion",
]

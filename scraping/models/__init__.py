"""Tables of the machine."""

from scraping.models.alert import ScrapeAlert
from scraping.models.batch import ScrapeBatch
from scraping.models.credential import CredentialRead, ScraperCredential
from scraping.models.job import ScrapeJob
from scraping.models.log import ScrapeJobLog, ScrapeLogTrim
from scraping.models.presence import Presence
from scraping.models.result import NEEDS_A_PERSON, ScrapeResult
from scraping.models.scraper import Scraper, ScraperState, ScraperVersion

__all__ = [
    "NEEDS_A_PERSON",
    "CredentialRead",
    "Presence",
    "ScrapeAlert",
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

"""Works off the products that wait to be consolidated, each in a transaction of its own."""

import logging
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.models import User
from django.db import OperationalError

from pipeline.consolidation import consolidate
from pipeline.consolidation.consolidate import Result
from pipeline.models import Product
from scraping.doors import transact

logger = logging.getLogger(__name__)


def work(*, limit: int | None = None) -> Counter[Result]:
    """Consolidate the stale products that no open job holds, by arrival; how many ended how."""
    return each(list(consolidate.stale().values_list("pk", flat=True)[:limit]))


def each(products: Iterable[UUID], *, by: User | None = None, by_hand: bool = False) -> Counter[Result]:
    """Consolidate each of `products`; one that fails costs itself alone and says so in its `trouble`."""
    ended: Counter[Result] = Counter()
    for product in products:
        ended[_one(product, by, by_hand)] += 1
    return ended


def _one(product: UUID, by: User | None, by_hand: bool) -> Result:
    try:
        with transact():
            return consolidate.consolidate(product, by=by, by_hand=by_hand)
    except OperationalError:  # a lock that somebody holds, or the database going down: still stale, so taken up again
        logger.warning("product %s could not be consolidated now", product, exc_info=True)
    except Exception:
        logger.exception("product %s could not be consolidated", product)
        Product.objects.filter(pk=product).update(
            stale=False, trouble="Its sources could not be consolidated. Scrape it again, or complete it by hand."
        )
    return Result.FAILED

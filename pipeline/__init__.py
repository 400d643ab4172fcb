"""Products: arrive, are enhanced, judged, leave."""

"""The review of a month: figures of `kpis` as sentences, charts and a page."""

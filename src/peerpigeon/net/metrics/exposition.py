"""The text of ``/metrics``, by the library of Prometheus: loaded when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from peerpigeon.core.interface.figures import Distribution
from peerpigeon.net.metrics.families import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from peerpigeon.net.metrics.family import Family, Value, Values
    from peerpigeon.net.metrics.picture import Picture

_INFINITE = "+Inf"


def exposition(picture: Picture, accept: str | None) -> tuple[bytes, str]:
    """Return all metrics of a server, and their media type.

    ``accept`` is the header of this name: OpenMetrics if it is asked for, else the text format of
    Prometheus.
    """
    # One for each answer: the registry of the library is for one server in a process.
    registry = CollectorRegistry()
    registry.register(PictureCollector(picture))
    ProcessCollector(registry=registry)
    encode, kind = choose_encoder(accept or "")
    return encode(registry), kind


class PictureCollector(Collector):
    """Shows one picture in the words of the library."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def describe(self) -> Iterator[Metric]:
        """Name nothing: there is one collector of this kind in a registry."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Return each family that has values."""
        for family in FAMILIES:
            if family.read is not None and (values := [*family.read(self._picture)]):
                yield _metric(family, values)


def _metric(family: Family, values: Values) -> Metric:
    labels, unit = family.labels, family.unit
    if family.kind == "info":
        info = InfoMetricFamily(family.name.removesuffix("_info"), family.help)
        for label_values, _ in values:
            info.add_metric([], dict(zip(labels, label_values, strict=True)))
        return info
    if family.kind == "histogram":
        histogram = HistogramMetricFamily(family.name, family.help, labels=labels, unit=unit)
        for label_values, value in values:
            buckets, total = _buckets(value)
            histogram.add_metric(label_values, buckets, total)
        return histogram
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    name = family.name.removesuffix("_total") if family.kind == "counter" else family.name
    metric = kind(name, family.help, labels=labels, unit=unit)
    for label_values, value in values:
        metric.add_metric(label_values, _number(value))
    return metric


def _buckets(value: Value) -> tuple[list[tuple[str, float]], float]:
    if not isinstance(value, Distribution):
        raise TypeError(f"a histogram has a distribution, not {value!r}")
    buckets = [(str(bound), float(count)) for bound, count in value.buckets]
    return [*buckets, (_INFINITE, float(value.count))], value.sum


def _number(value: Value) -> float:
    if isinstance(value, Distribution):
        raise TypeError("only a histogram has a distribution")
    return float(value)

"""The simulator shell: runs many ``core.Hub`` objects on one virtual clock, seeded.

``Experiment(Plan(...)).run()`` is what ``peerpigeon simulate`` does; it returns ``Findings``.
"""

from peerpigeon.sim.experiment import Experiment, ExperimentError, Findings, Plan

__all__ = ["Experiment", "ExperimentError", "Findings", "Plan"]

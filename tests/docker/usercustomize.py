"""Copied onto a rig: each trial lasts as long as a file says, whatever the worker was built of."""

import importlib.util
import sys
import time
from importlib.machinery import ModuleSpec
from typing import Any

WORKER = "scorer_core.rig.worker"
SECONDS = "/home/scorer/seconds_per_trial"


class SlowWorker:
    """Finds the worker's module as everybody does, and has its `run_request` wait first."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        if name != WORKER:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            load(module)
            if module.__name__ != WORKER:  # an archive has one loader for all its modules
                return
            real = module.run_request

            def slow(*arguments: object) -> object:
                with open(SECONDS) as file:
                    time.sleep(float(file.read()))
                return real(*arguments)

            module.run_request = slow

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, SlowWorker())

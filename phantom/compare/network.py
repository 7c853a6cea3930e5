"""How well a small convolutional network tells one side's patches from the other's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from phantom.arrays import F32, F64
from phantom.compare.features import at_scale
from phantom.compare.measure import Measured
from phantom.compare.tell import Separation, auc, folds, groups, weights
from phantom.errors import UsageError

_EPOCHS = 14
_BATCH = 32


def tell(reference: Sequence[Measured], others: Sequence[Measured], scale: str, seed: int = 0) -> Separation:
    """Tell others from the reference by their pixels, tested on women who were not trained on.

    Patches are turned and mirrored at random in training; one thread, so that a seed gives the same numbers.

    Raises
    ------
    UsageError
        If torch is absent.
    """
    try:
        import torch
    except ImportError:
        raise UsageError("a network needs PyTorch: pip install torch") from None
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        first, second = (
            at_scale(np.concatenate([m.grey for m in side]), scale)[:, None] for side in (reference, others)
        )
        found = {}
        women, others_women = groups(reference, "woman"), groups(others, "woman")
        for name, in_a, in_b in folds(women, others_women):
            x = np.concatenate([first[~in_a], second[~in_b]])
            y = np.repeat([0.0, 1.0], [np.count_nonzero(~in_a), np.count_nonzero(~in_b)])
            chance = np.concatenate([weights(women[~in_a]), weights(others_women[~in_b])]) / 2
            model = _trained(x, y, chance, seed)
            found[name] = auc(_scores(model, second[in_b]), _scores(model, first[in_a]))
        return Separation(found)
    finally:
        torch.set_num_threads(before)


def _trained(x: F32, y: F64, chance: F64, seed: int) -> Any:
    import torch
    from torch import nn

    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(
            *_layer(1, 12, 5, 2),
            *_layer(12, 24, 3, 2),
            *_layer(24, 48, 3, 2),
            *_layer(48, 48, 3, 1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(48, 1),
        )
        steps = max(_EPOCHS * len(x) // _BATCH, 1)
        optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
        for _ in range(steps):
            chosen = rng.choice(len(x), _BATCH, p=chance)
            batch = x[chosen][..., :: rng.choice([-1, 1])]
            batch = np.ascontiguousarray(np.rot90(batch, int(rng.integers(4)), (2, 3)))
            score = model(torch.from_numpy(batch))[:, 0]
            wanted = torch.from_numpy(y[chosen].astype(np.float32))
            loss: Any = nn.functional.binary_cross_entropy_with_logits(score, wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def _layer(inputs: int, outputs: int, size: int, stride: int) -> list[Any]:
    from torch import nn

    return [nn.Conv2d(inputs, outputs, size, stride, size // 2), nn.BatchNorm2d(outputs), nn.ReLU()]


def _scores(model: Any, x: F32) -> F64:
    import torch

    with torch.no_grad():
        parts = [model(torch.from_numpy(x[i : i + 64]))[:, 0].numpy() for i in range(0, len(x), 64)]
    return np.asarray(np.concatenate(parts), np.float64)

#!/usr/bin/env python3
"""Trains a 64-128-10 spiking network on 8x8 handwritten digits and writes it as NIR.

    /usr/bin/python3 examples/digits/train.py            trains three seeds, writes the four files here
    /usr/bin/python3 examples/digits/train.py --check    runs the committed digits.nir on test.npz, in numpy
                                                         and in PyTorch

Input   pixels 0..16 (UCI Optical Recognition of Handwritten Digits, as in scikit-learn)
Output  digits.nir, test.npz, calibration.npz (validation images), results.txt
"""

import argparse
import copy
import pathlib
import sys

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

STEPS = 16
FULL_SCALE = 16  # the brightest pixel; it spikes at every step
SEEDS = (1, 2, 3)
EPOCHS = 80


def load_split():
    """60 % training, 20 % validation, 20 % test, each with the same share of every digit; fixed."""
    data = load_digits()
    pixels, labels = data.data.astype(np.uint8), data.target.astype(np.uint8)
    x, x_test, y, y_test = train_test_split(pixels, labels, test_size=360, stratify=labels, random_state=0)
    x, x_val, y, y_val = train_test_split(x, y, test_size=360, stratify=y, random_state=0)
    return (x, y), (x_val, y_val), (x_test, y_test)


def accumulate(values):
    """Deterministic accumulate-and-fire: (N, n) integers to spikes (N, STEPS, n)."""
    acc = np.zeros(values.shape, dtype=np.int64)
    steps = []
    for _ in range(STEPS):
        acc += values
        fired = acc >= FULL_SCALE
        acc -= FULL_SCALE * fired
        steps.append(fired)
    return np.stack(steps, axis=1).astype(np.float32)


class Net(torch.nn.Module):
    def __init__(self, hidden=128):
        super().__init__()
        self.fc1, self.fc2 = torch.nn.Linear(64, hidden), torch.nn.Linear(hidden, 10)
        self.lif1, self.lif2 = common.Lif(beta=0.875), common.Lif(beta=0.9375)

    def forward(self, spikes, dropout=0.0, rounded=True):
        """(N, T, 64) spikes to (N, 10) output spike counts."""
        w1, w2 = self.fc1.weight, self.fc2.weight
        if rounded:
            w1, w2 = common.fake_quantise(w1), common.fake_quantise(w2)
        keep1 = torch.nn.functional.dropout(torch.ones(len(spikes), 64), dropout)
        keep2 = torch.nn.functional.dropout(torch.ones(len(spikes), w1.shape[0]), dropout)
        v1 = v2 = torch.zeros(1)
        counts = 0
        for t in range(spikes.shape[1]):
            s1, v1 = self.lif1(torch.nn.functional.linear(spikes[:, t] * keep1, w1, self.fc1.bias), v1)
            s2, v2 = self.lif2(torch.nn.functional.linear(s1 * keep2, w2, self.fc2.bias), v2)
            counts = counts + s2
        return counts


def shift(images, rng, share=0.25):
    """Moves a share of the images by up to one pixel each way, filling with black."""
    padded = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    moved = rng.random(len(images)) < share
    dy, dx = np.where(moved, rng.integers(0, 3, (2, len(images))), 1)
    return np.stack([p[y : y + 8, x : x + 8] for p, y, x in zip(padded, dy, dx)]).reshape(-1, 64)


def predict(net, values):
    with torch.no_grad():
        return net(torch.from_numpy(accumulate(values))).argmax(1).numpy()  # ties to the lowest digit


def train(seed, training, validation):
    """Returns the network of the best epoch by validation accuracy (then loss), and that accuracy."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = Net()
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS, eta_min=1e-4)
    x, y = training
    x_val, y_val = torch.from_numpy(accumulate(validation[0])), torch.from_numpy(
        validation[1].astype(np.int64)
    )
    best, best_net = (-1.0, 0.0), None
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for at in range(0, len(x), 64):
            rows = order[at : at + 64]
            spikes = torch.from_numpy(accumulate(shift(x[rows], rng)))
            counts = net(spikes, dropout=0.1)
            loss = torch.nn.functional.cross_entropy(counts, torch.from_numpy(y[rows].astype(np.int64)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
        with torch.no_grad():
            counts = net(x_val)
        accuracy = (counts.argmax(1) == y_val).double().mean().item()
        score = (accuracy, -torch.nn.functional.cross_entropy(counts, y_val).item())
        if score > best:
            best, best_net = score, copy.deepcopy(net)
    return best_net, best


def write(net, path):
    common.write_nir(
        path,
        {
            "input": common.port("Input", 64),
            "fc1": common.linear_node(net.fc1),
            "hidden": common.lif_node(128, net.lif1.beta),
            "fc2": common.linear_node(net.fc2),
            "digit": common.lif_node(10, net.lif2.beta),
            "output": common.port("Output", 10),
        },
        [("input", "fc1"), ("fc1", "hidden"), ("hidden", "fc2"), ("fc2", "digit"), ("digit", "output")],
    )


def counts_of_file(path, values):
    return common.run_nir(path, accumulate(values)).sum(axis=1)


def compare(path, values):
    """The written file means the same to numpy and, its weights loaded again, to the network that was
    trained.
    """
    net = Net()
    common.read_weights(path, {"fc1": net.fc1, "fc2": net.fc2})
    with torch.no_grad():
        counts = net.double()(torch.from_numpy(accumulate(values)).double(), rounded=False).numpy()
    common.compare_with_torch(path.name, counts, counts_of_file(path, values))


def check():
    """The committed network on the committed test set: must give the committed figure."""
    test = np.load(HERE / "test.npz")
    compare(HERE / "digits.nir", test["values"])
    predictions = counts_of_file(HERE / "digits.nir", test["values"]).argmax(axis=1)
    right = int((predictions == test["labels"]).sum())
    line = f"digits.nir in numpy: {right} of {len(predictions)} right, {right / len(predictions):.4f}"
    print(line)
    if line not in (HERE / "results.txt").read_text().splitlines():
        sys.exit("this is not the line in results.txt")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="do not train; check the files that are here")
    if parser.parse_args().check:
        return check()
    torch.set_num_threads(1)
    training, validation, test = load_split()
    lines = [
        f"split: {len(training[0])} training, {len(validation[0])} validation, {len(test[0])} test images"
    ]
    lines.append("seed  validation  test (float weights)")
    print("\n".join(lines), flush=True)
    best, chosen = None, None
    for seed in SEEDS:
        net, score = train(seed, training, validation)
        write(net, HERE / f"seed{seed}.nir")  # what a reader of the file gets: weights before rounding
        accuracy = (counts_of_file(HERE / f"seed{seed}.nir", test[0]).argmax(axis=1) == test[1]).mean()
        compare(HERE / f"seed{seed}.nir", test[0])
        rounded = (predict(net, test[0]) == test[1]).mean()
        lines.append(f"{seed:4}  {score[0]:10.4f}  {accuracy:.4f} (8-bit weights: {rounded:.4f})")
        print(lines[-1], flush=True)
        if best is None or score > best:
            best, chosen = score, seed
    for seed in SEEDS:
        file = HERE / f"seed{seed}.nir"
        file.replace(HERE / "digits.nir") if seed == chosen else file.unlink()
    # The compiler may look at validation images (activity, contracts), never at the test's.
    for name, (values, labels) in (("test", test), ("calibration", [part[:120] for part in validation])):
        common.write_npz(
            HERE / f"{name}.npz",
            values=values,
            labels=labels,
            encoder=np.array("accumulate"),
            steps=np.array(STEPS),
            full_scale=np.array(FULL_SCALE),
        )
    right = int((counts_of_file(HERE / "digits.nir", test[0]).argmax(axis=1) == test[1]).sum())
    lines.append(f"chosen by validation: seed {chosen}")
    lines.append(f"digits.nir in numpy: {right} of {len(test[0])} right, {right / len(test[0]):.4f}")
    print("\n".join(lines[-2:]))
    (HERE / "results.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Trains a spiking network to balance a pole on a cart and writes it as NIR.

    /usr/bin/python3 examples/pole/train.py            trains, and writes the two files here
    /usr/bin/python3 examples/pole/train.py --check    the committed pole.nir again, in numpy, in the loop

A pole stands on a cart on a track; every 20 ms a controller pushes the cart to the left or to the right with
10 N. It fails where the pole leans more than 12 degrees or the cart is 2.4 m away (Barto, Sutton, Anderson
1983). What the network sees of each of the four numbers that describe them is 16 spikes at most: unit u
spikes where the number is above its edge, and the edges divide the number's range. Its one output neuron
does not spike: a potential above 0 pushes to the right. It learns from a linear controller that looks at the
numbers themselves, first on that one's runs and then on its own (Ross, Gordon, Bagnell 2011).

Output  pole.nir, results.txt
"""

import argparse
import pathlib
import sys

import h5py
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import nir_files  # noqa: E402

UNITS, HIDDEN = 16, 32
RANGES = np.array([2.4, 3.0, 0.21, 3.0])  # m, m/s, rad, rad/s
DECAY = 0.5  # of a hidden potential, a step
STEPS, ROUNDS, EPISODES = 500, 4, 48
TEACHER = np.array([0.5, 1.0, 20.0, 3.0])


# --- the world ----------------------------------------------------------------------------------------


def start(rng, episodes):
    """Cart's place and speed, pole's angle and speed; (episodes, 4)."""
    return rng.uniform(-0.05, 0.05, (episodes, 4))


def move(state, right):
    """20 ms later, pushed to the right or to the left with 10 N."""
    place, speed, angle, turn = state.T
    push = np.where(right, 10.0, -10.0) + 0.05 * turn**2 * np.sin(angle)  # pole: 0.1 kg, half of it 0.5 m
    turning = (9.8 * np.sin(angle) - np.cos(angle) * push / 1.1) / (
        0.5 * (4 / 3 - 0.1 * np.cos(angle) ** 2 / 1.1)
    )
    speeding = (push - 0.05 * turning * np.cos(angle)) / 1.1
    return np.stack(
        [place + 0.02 * speed, speed + 0.02 * speeding, angle + 0.02 * turn, turn + 0.02 * turning], 1
    )


def stands(state):
    return (np.abs(state[:, 0]) < 2.4) & (np.abs(state[:, 2]) < np.pi / 15)


def encode(state):
    """Spikes (episodes, 4 * UNITS): how many of a number's edges it is above."""
    edges = RANGES[:, None] * ((2 * np.arange(UNITS) + 1) / UNITS - 1)
    return (state[:, :, None] > edges).reshape(len(state), -1).astype(np.float64)


# --- the network --------------------------------------------------------------------------------------


class Network:
    """HIDDEN LIF neurons, each of which spikes on one side of a line through the four numbers, and what their
    spikes weigh; one step at a time.
    """

    def __init__(self, w_in, bias, w_out):
        self.w_in, self.bias, self.w_out, self.v = w_in, bias, w_out, 0.0

    @staticmethod
    def drawn(rng):
        slope = rng.normal(size=(HIDDEN, 4)) * [0.5, 0.7, 1.0, 1.0]
        slope *= 4 / np.abs(slope).sum(axis=1, keepdims=True) / UNITS
        offset = rng.normal(size=HIDDEN) * 0.4
        # Half of all units spike at a state of 0. A neuron that has not spiked keeps half its potential.
        bias = 0.75 - slope.sum(axis=1) * UNITS / 2 + offset
        return Network(np.repeat(slope, UNITS, axis=1), bias, np.zeros((1, HIDDEN)))

    def spikes(self, inputs):
        v = DECAY * self.v + inputs @ self.w_in.T + self.bias
        fired = v > 1
        self.v = np.where(fired, 0.0, v)
        return fired.astype(np.float64)

    def potential(self, inputs):
        return self.spikes(inputs) @ self.w_out[0]

    def fit(self, inputs, wanted):
        """Logistic regression of what was wanted on the hidden spikes, by Newton's method."""
        self.v = 0.0
        hidden = np.concatenate([self.spikes(inputs[:, t]) for t in range(inputs.shape[1])])
        right = wanted.T.reshape(-1).astype(np.float64)
        w = np.zeros(HIDDEN)
        for _ in range(8):
            p = 1 / (1 + np.exp(-np.clip(hidden @ w, -30, 30)))
            slope = hidden.T @ (p - right) + 1e-2 * w
            curve = (hidden * (p * (1 - p))[:, None]).T @ hidden + 1e-2 * np.eye(HIDDEN)
            w -= np.linalg.solve(curve, slope)
        self.w_out = w[None, :]

    def write(self, path):
        nir_files.write_nir(
            path,
            {
                "input": nir_files.port("Input", 4 * UNITS),
                "fc_in": {"type": "Affine", "weight": self.w_in, "bias": self.bias},
                "hidden": nir_files.lif_node(HIDDEN, DECAY),
                "fc_out": {"type": "Linear", "weight": self.w_out},
                "push": nir_files.li_node(1, 0.0),
                "output": nir_files.port("Output", 1),
            },
            [
                ("input", "fc_in"),
                ("fc_in", "hidden"),
                ("hidden", "fc_out"),
                ("fc_out", "push"),
                ("push", "output"),
            ],
        )

    @staticmethod
    def read(path):
        with h5py.File(path) as file:
            nodes = file["node/nodes"]
            return Network(
                *(
                    nodes[name][()].astype(np.float64)
                    for name in ("fc_in/weight", "fc_in/bias", "fc_out/weight")
                )
            )


# --- learning -----------------------------------------------------------------------------------------


def drive(controller, episodes, seed, noise=0.0):
    """Spikes (episodes, STEPS, units), what the teacher would have done (episodes, STEPS), steps that each
    pole stood. `controller(state, spikes)` says who is pushed to the right; now and then somebody else does.
    """
    rng = np.random.default_rng(seed)
    state = start(rng, episodes)
    up, stood = np.ones(episodes, dtype=bool), np.zeros(episodes, dtype=int)
    seen, wanted = [], []
    for _ in range(STEPS):
        spikes = encode(state)
        right = controller(state, spikes)
        seen.append(spikes.astype(np.uint8))
        wanted.append(state @ TEACHER > 0)
        right = np.where(rng.random(episodes) < noise, rng.random(episodes) < 0.5, right)
        state = move(state, right)
        up &= stands(state)
        stood += up
        state = np.where(up[:, None], state, state * 0.98)  # a fallen pole is out of the count
    return np.stack(seen, 1), np.stack(wanted, 1), stood


def teacher(state, spikes):
    return state @ TEACHER > 0


def pupil(network):
    network.v = 0.0
    return lambda state, spikes: network.potential(spikes) > 0


def result(path):
    stood = drive(pupil(Network.read(path)), 200, 99)[2]
    stand = (stood == STEPS).sum()
    return f"pole.nir in numpy: {stand} of 200 poles stand for {STEPS} steps, least {stood.min()}"


def check():
    line = result(HERE / "pole.nir")
    print(line)
    if line not in (HERE / "results.txt").read_text().splitlines():
        sys.exit("this is not the line in results.txt")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="do not train; check the files that are here")
    if parser.parse_args().check:
        return check()
    network = Network.drawn(np.random.default_rng(1))
    spikes, wanted, stood = drive(teacher, EPISODES, 1, noise=0.1)
    lines = [f"teacher, pushed astray one time in ten: mean {stood.mean():.1f} of {STEPS} steps"]
    for number in range(ROUNDS):
        network.fit(spikes, wanted)
        more, right, stood = drive(pupil(network), EPISODES, 2 + number, noise=0.05)
        lines.append(f"round {number}: mean {stood.mean():.1f} of {STEPS} steps, least {stood.min()}")
        spikes, wanted = np.concatenate([spikes, more]), np.concatenate([wanted, right])
    network.fit(spikes, wanted)
    network.write(HERE / "pole.nir")
    lines.append(result(HERE / "pole.nir"))
    print("\n".join(lines))
    (HERE / "results.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

"""What the training scripts share: neurons in PyTorch, a NIR writer, and a check that trusts neither.

Every neuron here follows one rule (forward Euler, no leak potential):

    i' = alpha * i + gain_i * (sum of w * x + bias)
    v' = beta * v + gain_v * i'                 the new current, not the old one
    spike = v' > theta                          strictly greater
    v = v_reset where spike, else v'

Spikes reach the next layer in the same step and the own layer, over recurrent weights, one step later.
NIR names the same rule by time constants; with step dt
    beta = 1 - dt/tau_mem, gain_v = r*dt/tau_mem, alpha = 1 - dt/tau_syn, gain_i = w_in*dt/tau_syn.
Choosing r = tau_mem/dt and w_in = tau_syn/dt makes both gains 1, and dt can be read back as tau_mem/r.
"""

import os
import zipfile

import h5py
import numpy as np
import torch
from nir_files import DT, cuba_lif_node, li_node, lif_node, port, write_nir  # noqa: F401

# --- neurons for training ---------------------------------------------------------------------------


class Spike(torch.autograd.Function):
    """1 where x > 0. Backwards: 1 / (1 + slope*|x|)^2, the fast sigmoid (Zenke and Ganguli, 2018)."""

    slope = 5.0

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad / (1 + Spike.slope * x.abs()) ** 2


class Lif(torch.nn.Module):
    """LIF population, threshold 1, reset to 0."""

    def __init__(self, beta):
        super().__init__()
        self.beta = beta

    def forward(self, current, v):
        """One step. Returns spikes and the membrane after the reset; v is 0 before the first step."""
        v = self.beta * v + current
        spikes = Spike.apply(v - 1)
        return spikes, v * (1 - spikes)


class CubaLif(torch.nn.Module):
    """LIF whose input passes a synaptic low-pass first; threshold 1, reset to 0."""

    def __init__(self, alpha, beta):
        super().__init__()
        self.alpha, self.beta = alpha, beta

    def forward(self, current, i, v):
        i = self.alpha * i + current
        v = self.beta * v + i
        spikes = Spike.apply(v - 1)
        return spikes, i, v * (1 - spikes)


def fake_quantise(weight, bits=8):
    """Rounds to 2^bits - 1 levels, one scale a matrix; the gradient passes as if nothing had happened."""
    scale = weight.detach().abs().max() / (2 ** (bits - 1) - 1)
    return weight + (torch.round(weight / scale) * scale - weight).detach()


# --- NIR --------------------------------------------------------------------------------------------


def linear_node(linear):
    """Linear or Affine from a torch.nn.Linear."""
    node = {"type": "Linear", "weight": linear.weight.detach().numpy()}
    if linear.bias is not None:
        node.update(type="Affine", bias=linear.bias.detach().numpy())
    return node


def read_weights(path, layers):
    """Puts a written file's weights into torch.nn.Linear layers: {node name: layer}."""
    with h5py.File(path) as file:
        for name, layer in layers.items():
            node = file[f"node/nodes/{name}"]
            layer.weight.data = torch.from_numpy(node["weight"][()])
            if layer.bias is not None:
                layer.bias.data = torch.from_numpy(node["bias"][()])


# --- data and reports ---------------------------------------------------------------------------------


def write_npz(path, **arrays):
    """np.savez_compressed with one fixed time stamp, so that equal arrays give equal bytes."""
    temporary = f"{path}.tmp"
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
    os.replace(temporary, path)


# --- the check: the written file again, in numpy only -------------------------------------------------


def run_nir(path, spikes):
    """Runs a .nir file of Linear, Affine, LIF, CubaLIF and LI nodes with one Input and one Output.

    Shares nothing with the training code: it sees the file alone. spikes (N, T, n) gives the output's
    (N, T, m): spikes, or potentials where the last population is an LI.
    """
    with h5py.File(path) as file:
        graph = file["node"]
        nodes = {
            name: {field: value[()] for field, value in group.items()}
            for name, group in graph["nodes"].items()
        }
        edges = [(a.decode(), b.decode()) for a, b in graph["edges"][()]]
    kind = {name: fields["type"].decode() for name, fields in nodes.items()}
    into = {name: [a for a, b in edges if b == name] for name in nodes}
    dt = next(
        float((f["tau"] if "tau" in f else f["tau_mem"])[0] / f["r"][0]) for f in nodes.values() if "r" in f
    )

    # A node is ready when all that feeds it is; an edge that closes a loop brings the step before.
    order = [name for name in nodes if kind[name] == "Input"]
    while len(order) < len(nodes):
        ready = [n for n in nodes if n not in order and all(s in order for s in into[n])]
        if not ready:  # only loops are left: begin at a population that something outside feeds
            ready = [
                n
                for n in nodes
                if n not in order and kind[n] in ("LIF", "CubaLIF") and any(s in order for s in into[n])
            ][:1]
        order += ready

    samples, steps = spikes.shape[:2]
    value = {name: 0.0 for name in nodes}
    state = {name: (0.0, 0.0) for name in nodes}
    result = []
    for t in range(steps):
        before = dict(value)
        done = set()
        for name in order:
            fields = nodes[name]
            x = 0.0
            for source in into[name]:
                x = x + (value[source] if source in done else recurrent(source, before, nodes, kind, into))
            if kind[name] == "Input":
                value[name] = spikes[:, t].astype(np.float64)
            elif kind[name] in ("Linear", "Affine"):
                value[name] = x @ fields["weight"].astype(np.float64).T + fields.get("bias", 0.0)
            elif kind[name] == "Output":
                value[name] = x
            else:
                value[name], state[name] = neuron_step(kind[name], fields, dt, x, *state[name])
            done.add(name)
        result.append(next(value[name] for name in nodes if kind[name] == "Output"))
    return np.stack(result, axis=1)


def recurrent(linear, before, nodes, kind, into):
    """What a linear node inside a loop gives from the spikes of the step before."""
    if kind[linear] not in ("Linear", "Affine"):
        return before[linear]
    x = sum(before[source] for source in into[linear])
    if np.isscalar(x):
        return 0.0 + nodes[linear].get("bias", 0.0)
    return x @ nodes[linear]["weight"].astype(np.float64).T + nodes[linear].get("bias", 0.0)


def compare_with_torch(name, in_torch, in_numpy):
    """Stops unless both gave the same output for every sample: spikes or counts equal, potentials within
    1e-9.
    """
    differing = int((np.abs(in_torch - in_numpy).reshape(len(in_torch), -1).max(axis=1) > 1e-9).sum())
    print(
        f"{name}: {len(in_torch) - differing} of {len(in_torch)} samples "
        "give the same output in numpy and in PyTorch"
    )
    if differing:
        raise SystemExit(f"{name}: numpy and PyTorch disagree")


def neuron_step(kind, f, dt, x, i, v):
    if kind == "CubaLIF":
        i = (1 - dt / f["tau_syn"]) * i + dt / f["tau_syn"] * f["w_in"] * x
        tau = f["tau_mem"]
    else:
        i = x
        tau = f["tau"]
    v = (1 - dt / tau) * v + dt / tau * (f["v_leak"] + f["r"] * i)
    if kind == "LI":
        return v, (i, v)
    fired = v > f["v_threshold"]
    return fired.astype(np.float64), (i, np.where(fired, f["v_reset"], v))

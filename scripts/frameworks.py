#!/usr/bin/env python3
"""Runs the frameworks themselves: their own networks, exported by their own exporters, with the spikes that
they gave. tests/real/frameworks holds what this wrote; tests/real/framework_test.cpp compares with it.

usage: scripts/frameworks.py [--only NAME]... [--output FOLDER]

Each framework has a virtual environment of its own under build/frameworks, because they want different
versions of `nir`; PyTorch, several gigabytes, is installed once beside them. Nothing else of the project
needs any of this. Lava does not install on Python 3.11: its recorded traces are tested in tests/golden.
"""

import argparse
import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / "build" / "frameworks"

# What is installed without its dependencies, and the dependencies that running and exporting need.
TORCH = ["torch==2.6.0", "numpy==1.26.4"]
NIR = ["h5py==3.12.1", "networkx==3.4.2"]
PINS = {
    "snntorch": (["snntorch==1.0.0", "nir==1.0.6", "nirtorch==1.0"], NIR),
    "norse": (["norse==1.1.0", "nir==1.0.4", "nirtorch==1.0"], NIR + ["matplotlib==3.9.4"]),
    "spikingjelly": (
        ["spikingjelly==2.0.0", "nir==1.0.8", "nirtorch==2.6"],
        NIR
        + ["loguru==0.7.3", "scipy==1.14.1", "matplotlib==3.9.4", "tqdm==4.67.1", "packaging==24.2"]
        + ["requests==2.32.3", "SciencePlots==2.1.1", "tensorboard==2.18.0"],
    ),
    "sinabs": (
        ["sinabs==3.1.3", "nir==1.0.4", "nirtorch==1.0"],
        NIR + ["pbr==6.1.0", "matplotlib==3.9.4", "samna==0.48.6"],
    ),
    "rockpool": (["rockpool==3.1.0", "nir==1.0.4", "nirtorch==1.0"], NIR + ["scipy==1.14.1"]),
    "spyx": ([], ["spyx==1.0.0", "nir==1.0.8"]),
    "nengo": (["nir==1.0.8"], ["nengo==4.1.0", "h5py==3.12.1"]),
}
NEEDS_TORCH = {"snntorch", "norse", "spikingjelly", "sinabs", "rockpool"}

INPUTS, HIDDEN, OUTPUTS, STEPS = 16, 12, 8, 96


def workload(seed, scale=1.0):
    """Weights on a grid of scale/64, which eight bits hold, and a sample of spikes."""
    import numpy as np

    rng = np.random.default_rng(seed)
    first = np.round(rng.uniform(-0.35, 0.6, (HIDDEN, INPUTS)) * 64) / 64 * scale
    second = np.round(rng.uniform(-0.6, 1.0, (OUTPUTS, HIDDEN)) * 64) / 64 * scale
    spikes = (rng.random((STEPS, INPUTS)) < 0.3).astype(np.float32)
    return first.astype(np.float32), second.astype(np.float32), spikes


class Case:
    """One network of a framework: file name, graph as exported, and what each population gave."""

    def __init__(self, name, graph, spikes, hidden, output):
        self.name, self.graph, self.spikes, self.hidden, self.output = name, graph, spikes, hidden, output

    def write(self, folder):
        import nir
        import numpy as np

        nir.write(str(folder / f"{self.name}.nir"), self.graph)
        bits = lambda x: np.asarray(x).reshape(1, STEPS, -1).astype(np.uint8)
        for layer in (self.hidden, self.output):
            assert np.asarray(layer).max() <= 1, f"{self.name}: several spikes in a step"
        np.savez_compressed(
            folder / f"{self.name}.npz",
            spikes=bits(self.spikes),
            hidden=bits(self.hidden),
            output=bits(self.output),
        )


def torch_linear(weight):
    import torch

    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight.data = torch.from_numpy(weight)
    return layer


def stepwise(layers, spikes, call):
    """Feeds step after step; `call` gives a layer's output. Spikes behind the second and the last layer."""
    import torch

    hidden, output = [], []
    with torch.no_grad():
        for step in torch.from_numpy(spikes):
            x = step[None]
            for n, layer in enumerate(layers):
                x = call(n, layer, x)
                if n == 1:
                    hidden.append(x.numpy().copy().ravel())
            output.append(x.numpy().copy().ravel())
    return hidden, output


def run_snntorch():
    import snntorch
    import torch
    from snntorch.export_nir import export_to_nir

    def neuron(kind, width, **options):
        beta, options["threshold"] = torch.full((width,), 0.9375), torch.ones(width)
        if kind is snntorch.Synaptic:
            return kind(alpha=torch.full((width,), 0.75), beta=beta, init_hidden=True, **options)
        return kind(beta=beta, init_hidden=True, **options)

    for name, kind, scale, options in [
        ("snntorch_leaky", snntorch.Leaky, 1.0, {}),
        ("snntorch_leaky_zero", snntorch.Leaky, 1.0, {"reset_mechanism": "zero"}),
        ("snntorch_leaky_none", snntorch.Leaky, 0.4, {"reset_mechanism": "none"}),
        ("snntorch_synaptic", snntorch.Synaptic, 0.5, {}),
    ]:
        first, second, spikes = workload(1, scale)
        layers = [
            torch_linear(first),
            neuron(kind, HIDDEN, **options),
            torch_linear(second),
            neuron(kind, OUTPUTS, **options),
        ]
        graph = export_to_nir(torch.nn.Sequential(*layers), torch.zeros(1, INPUTS), ignore_dims=[0])
        for layer in layers:
            for state in ("mem", "syn"):
                if hasattr(layer, state):
                    setattr(layer, state, torch.zeros(0))
        yield Case(name, graph, spikes, *stepwise(layers, spikes, lambda n, layer, x: layer(x)))


def run_norse():
    import norse.torch as norse
    import torch
    from norse.torch.module.lif_box import LIFBoxParameters

    def box(width):
        tensor = lambda x: torch.full((width,), x)
        return norse.LIFBoxCell(
            LIFBoxParameters(
                tau_mem_inv=tensor(62.5), v_th=tensor(0.5), v_leak=tensor(-0.25), v_reset=tensor(0.0)
            )
        )

    def cell(width):
        tensor = lambda x: torch.full((width,), x)
        return norse.LIFCell(
            norse.LIFParameters(
                tau_syn_inv=tensor(250.0),
                tau_mem_inv=tensor(125.0),
                v_leak=tensor(0.0),
                v_th=tensor(1.0),
                v_reset=tensor(0.0),
            )
        )

    for name, neuron, scale in [("norse_lifbox", box, 8.0), ("norse_lif", cell, 3.0)]:
        first, second, spikes = workload(2, scale)
        layers = [torch_linear(first), neuron(HIDDEN), torch_linear(second), neuron(OUTPUTS)]
        graph = norse.to_nir(norse.SequentialState(*layers), torch.zeros(1, INPUTS))
        states = {}

        def call(n, layer, x):
            if n % 2 == 0:
                return layer(x)
            x, states[n] = layer(x, states.get(n))
            return x

        yield Case(name, graph, spikes, *stepwise(layers, spikes, call))


def run_spikingjelly():
    import torch
    from spikingjelly.activation_based import functional, neuron
    from spikingjelly.activation_based.nir_exchange import export_to_nir

    for name, make, scale in [
        ("spikingjelly_if", lambda: neuron.IFNode(v_reset=-0.25), 0.5),
        ("spikingjelly_lif", lambda: neuron.LIFNode(tau=4.0, v_reset=-0.5), 4.0),
        ("spikingjelly_lif_jump", lambda: neuron.LIFNode(tau=4.0, decay_input=False, v_reset=0.0), 1.0),
    ]:
        first, second, spikes = workload(3, scale)
        layers = [torch_linear(first), make(), torch_linear(second), make()]
        net = torch.nn.Sequential(*layers)
        graph = export_to_nir(net, torch.zeros(1, INPUTS))
        functional.reset_net(net)
        yield Case(name, graph, spikes, *stepwise(layers, spikes, lambda n, layer, x: layer(x)))


def run_sinabs():
    import sinabs
    import sinabs.layers as sl
    import torch
    from sinabs.activation import SingleSpike

    for name, make, scale in [
        ("sinabs_iaf", lambda: sl.IAFSqueeze(batch_size=1, spike_fn=SingleSpike), 0.5),
        ("sinabs_lif", lambda: sl.LIFSqueeze(tau_mem=4.55, batch_size=1, spike_fn=SingleSpike), 5.0),
    ]:
        first, second, spikes = workload(4, scale)
        layers = [torch_linear(first), make(), torch_linear(second), make()]
        graph = sinabs.to_nir(torch.nn.Sequential(*layers), torch.zeros(1, INPUTS))
        for layer in (layers[1], layers[3]):
            layer.reset_states()
        with torch.no_grad():
            hidden = layers[1](layers[0](torch.from_numpy(spikes)))
            output = layers[3](layers[2](hidden))
        yield Case(name, graph, spikes, hidden.numpy(), output.numpy())


def run_rockpool():
    import torch
    from rockpool.nn.modules.torch import LIFTorch, LinearTorch
    from rockpool.nn.modules.torch.nir import to_nir

    def lif(width):
        return LIFTorch(
            (width,),
            tau_mem=0.01,
            tau_syn=0.004,
            threshold=1.0,
            bias=0.0,
            dt=1e-3,
            max_spikes_per_dt=torch.tensor(1.0),
        )

    first, second, spikes = workload(5, 0.5)
    linear = lambda w: LinearTorch(w.shape[::-1], weight=torch.from_numpy(w.T.copy()), has_bias=False)
    layers = [linear(first), lif(HIDDEN), linear(second), lif(OUTPUTS)]
    graph = to_nir(torch.nn.Sequential(*layers), torch.zeros(1, 1, INPUTS))
    outputs, x = [], torch.from_numpy(spikes)[None]
    with torch.no_grad():
        for layer in layers:
            layer.reset_state()
            x, _, _ = layer(x)
            outputs.append(x.numpy()[0])
    yield Case("rockpool_lif", graph, spikes, outputs[1], outputs[3])


def run_spyx():
    import numpy as np
    from flax import nnx
    from spyx import nir as exchange
    from spyx import nn

    rngs = nnx.Rngs(0)

    def linear(weight):
        layer = nnx.Linear(weight.shape[1], weight.shape[0], use_bias=False, rngs=rngs)
        layer.kernel[...] = weight.T
        return layer

    for name, make, scale in [
        ("spyx_lif", lambda width: nn.LIF((width,), beta=0.75, rngs=rngs), 1.0),
        ("spyx_if", lambda width: nn.IF((width,)), 0.5),
    ]:
        first, second, spikes = workload(6, scale)
        layers = [linear(first), make(HIDDEN), linear(second), make(OUTPUTS)]
        graph = exchange.to_nir(
            nn.Sequential(*layers), {"input": np.array([INPUTS])}, {"output": np.array([OUTPUTS])}
        )
        states = {n: layers[n].initial_state(1) for n in (1, 3)}
        outputs = {1: [], 3: []}
        for step in spikes:
            x = step[None]
            for n, layer in enumerate(layers):
                if n % 2 == 0:
                    x = layer(x)
                else:
                    x, states[n] = layer(x, states[n])
                    outputs[n].append(np.asarray(x)[0])
        yield Case(name, graph, spikes, outputs[1], outputs[3])


def run_nengo():
    """Nengo has no exporter of its own: an IF population that resets to 0, as the NIR paper runs it."""
    import nengo
    import nir
    import numpy as np

    dt = 1e-3

    class IntegrateAndFire(nengo.SpikingRectifiedLinear):
        def step(self, dt, J, output, voltage):
            voltage += J * dt
            output[:] = (self.amplitude / dt) * np.where(voltage > 1, 1, 0)
            voltage[output > 0] = 0

    first, second, spikes = workload(7, 0.5)
    with nengo.Network() as network:
        source = nengo.Node(lambda t: spikes[min(int(round(t / dt)) - 1, STEPS - 1)], size_out=INPUTS)
        probes, before = [], source
        for weight in (first, second):
            width = weight.shape[0]
            neurons = nengo.Ensemble(
                width,
                1,
                gain=np.full(width, 1 / dt),
                bias=np.zeros(width),
                neuron_type=IntegrateAndFire(
                    amplitude=dt, initial_state={"voltage": nengo.dists.Choice([0])}
                ),
            ).neurons
            nengo.Connection(before, neurons, transform=weight, synapse=None)
            probes.append(nengo.Probe(neurons))
            before = neurons
    with nengo.Simulator(network, dt=dt, progress_bar=False) as simulator:
        simulator.run_steps(STEPS)
    node = lambda width: nir.IF(r=np.ones(width), v_threshold=np.ones(width))
    graph = nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([INPUTS])),
            "w1": nir.Linear(first),
            "n1": node(HIDDEN),
            "w2": nir.Linear(second),
            "n2": node(OUTPUTS),
            "output": nir.Output(np.array([OUTPUTS])),
        },
        edges=[("input", "w1"), ("w1", "n1"), ("n1", "w2"), ("w2", "n2"), ("n2", "output")],
    )
    hidden, output = (np.round(simulator.data[probe]) for probe in probes)
    yield Case("nengo_if", graph, spikes, hidden, output)


def python_of(name):
    """The interpreter of that environment, which is made where it is not there."""
    folder = ENVIRONMENTS / name
    if not (folder / "bin" / "pip").exists():
        venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def install(name):
    python = python_of(name)
    alone, whole = (TORCH, []) if name == "torch" else PINS[name]
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if name == "torch":
        subprocess.run(pip + TORCH, check=True)
        return python
    if name in NEEDS_TORCH:
        install("torch")
        site = next((ENVIRONMENTS / "torch" / "lib").glob("python*")) / "site-packages"
        own = next((ENVIRONMENTS / name / "lib").glob("python*")) / "site-packages"
        (own / "torch.pth").write_text(f"{site}\n")
    if whole:
        subprocess.run(pip + whole, check=True)
    if alone:
        subprocess.run(pip + ["--no-deps"] + alone, check=True)
    return python


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", choices=sorted(PINS), help="this framework; repeatable")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "tests" / "real" / "frameworks")
    parser.add_argument("--run", choices=sorted(PINS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    if options.run:
        for case in globals()[f"run_{options.run}"]():
            case.write(options.output)
            print(f"{case.name}: written")
        return
    failed = []
    for name in options.only or PINS:
        try:
            python = install(name)
            run = [str(python), __file__, "--run", name, "--output", str(options.output)]
            subprocess.run(run, check=True)
        except subprocess.CalledProcessError as error:
            print(f"{name}: failed: {error}", file=sys.stderr)
            failed.append(name)
    if failed:
        sys.exit(f"frameworks: error: without result: {', '.join(failed)}")


if __name__ == "__main__":
    main()

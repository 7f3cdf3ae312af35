"""NIR files, written with numpy and h5py alone.

The neurons' rule and the time constants that name it are those of common.py, which adds what PyTorch trains.
"""

import os

import h5py
import numpy as np

DT = 1e-3  # seconds in one step


def lif_node(n, beta):
    tau = DT / (1 - beta)
    return {
        "type": "LIF",
        "tau": np.full(n, tau),
        "r": np.full(n, tau / DT),
        "v_leak": np.zeros(n),
        "v_threshold": np.ones(n),
        "v_reset": np.zeros(n),
    }


def cuba_lif_node(n, alpha, beta):
    tau_mem, tau_syn = DT / (1 - beta), DT / (1 - alpha)
    return {
        "type": "CubaLIF",
        "tau_mem": np.full(n, tau_mem),
        "tau_syn": np.full(n, tau_syn),
        "r": np.full(n, tau_mem / DT),
        "w_in": np.full(n, tau_syn / DT),
        "v_leak": np.zeros(n),
        "v_threshold": np.ones(n),
        "v_reset": np.zeros(n),
    }


def li_node(n, beta):
    tau = DT / (1 - beta)
    return {"type": "LI", "tau": np.full(n, tau), "r": np.full(n, tau / DT), "v_leak": np.zeros(n)}


def port(kind, *shape):
    return {"type": kind, "shape": np.array(shape, dtype=np.int64)}


def write_nir(path, nodes, edges):
    """Writes a NIR graph as nir 1.0 does: a group a node, a dataset a field, edges as pairs of names."""
    text = h5py.string_dtype("utf-8")
    temporary = f"{path}.tmp"
    with h5py.File(temporary, "w") as file:
        file.create_dataset("version", data="1.0", dtype=text)
        graph = file.create_group("node")
        graph.create_dataset("type", data="NIRGraph", dtype=text)
        graph.create_dataset("edges", data=np.array(edges, dtype=object), dtype=text)
        for name, fields in nodes.items():
            group = graph.create_group(f"nodes/{name}")
            for field, value in fields.items():
                if isinstance(value, str):
                    group.create_dataset(field, data=value, dtype=text)
                elif np.ndim(value) and np.size(value):
                    group.create_dataset(field, data=value, compression="gzip")
                else:
                    group.create_dataset(field, data=value)
    os.replace(temporary, path)

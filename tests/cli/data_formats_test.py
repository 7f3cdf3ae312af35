# SPDX-License-Identifier: Apache-2.0
"""Data sets as NumPy and h5py write them, through the command: formats, notes and labels of steps.

    data_formats_test.py SPIKELOOM CHIP FOLDER   (a command, a chip file, a folder for its files)

Ends with 77 where NumPy or h5py is absent.
"""

import json
import pathlib
import subprocess
import sys

try:
    import h5py
    import numpy as np
except ImportError as absent:
    print(f"needs {absent.name}: scripts/setup.sh installs it")
    sys.exit(77)

command, chip, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)


def network(name, elements, shape):
    """Every element has a neuron that repeats it: what comes in goes out."""
    text = {
        "format": "spikeloom-integer-network",
        "version": 2,
        "name": name,
        "inputs": [{"name": "in", "shape": shape}],
        "populations": [
            {"name": "n", "kind": "Threshold", "shape": [elements], "beta": 0, "alpha": 0, "bias_i": 0}
            | {"bias_v": 0, "reset": "value", "theta": 0, "v_reset": 0}
        ],
        "projections": [
            {
                "name": "w",
                "from": {"input": "in"},
                "to": "n",
                "rows": [{"targets": [e], "weights": [1]} for e in range(elements)],
            }
        ],
        "outputs": [{"name": "out", "shape": [elements], "from": "n"}],
    }
    (folder / f"{name}.json").write_text(json.dumps(text))
    spikeloom(
        "compile",
        folder / f"{name}.json",
        "--chip",
        chip,
        "-o",
        folder / f"{name}.loom",
        "--tiles",
        1,
        "--slots",
        1,
    )
    return folder / f"{name}.loom"


def spikeloom(*arguments, code=0):
    ended = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True)
    assert ended.returncode == code, f"{arguments}: code {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout + ended.stderr


def run(image, data, *options):
    """Report, outputs and text of a run."""
    report, outputs = folder / "report.json", folder / "out.npz"
    text = spikeloom("run", image, "--input", data, "--json", report, "--output", outputs, *options)
    return json.loads(report.read_text()), dict(np.load(outputs)), text


def spikes_of(events, shape, steps, frame=1000):
    """Frames of structured events, clipped to 1, the plain way."""
    frames = np.zeros((steps, *shape), np.uint8)
    at = (events["t"] - events["t"].min()) // frame
    frames[at, events["p"].astype(int), events["y"], events["x"]] = 1
    return frames.reshape(steps, -1)


def structured_arrays():
    """np.savez of a list of structured arrays, each with a layout of its own."""
    image = network("frames", 2 * 3 * 4, [2, 3, 4])
    random = np.random.default_rng(1)
    layouts = [
        np.dtype([("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("p", "?")]),
        np.dtype([("t", "<u4"), ("p", "<i8"), ("y", "u1"), ("x", "<u8")]),
        np.dtype([("x", "i1"), ("t", "<i8"), ("y", "<i4"), ("p", "u1")], align=True),
        np.dtype([("y", ">i2"), ("x", ">u2"), ("p", "u1"), ("t", ">i8")]),
        np.dtype([("t", "<f8"), ("x", "<i4"), ("y", "<i4"), ("p", "i1")]),
    ]
    samples = []
    for layout in layouts:
        events = np.zeros(200, layout)
        events["t"] = np.sort(random.integers(0, 20_000, 200)) + 1_000_000
        events["x"], events["y"] = random.integers(0, 4, 200), random.integers(0, 3, 200)
        events["p"] = random.integers(0, 2, 200)
        samples.append(events)
    np.savez(folder / "events.npz", *samples, labels=np.arange(len(samples)))
    report, outputs, text = run(image, folder / "events.npz", "--clip", "--steps", 20)
    assert report["samples"] == len(samples) and "were clipped to 1" in text
    for n, events in enumerate(samples):
        plain = events.astype([(name, "<i8") for name in events.dtype.names])
        assert np.array_equal(outputs["spikes.out"][n], spikes_of(plain, (2, 3, 4), 20)), f"layout {n}"
    np.save(folder / "one.npy", samples[0])
    _, one, _ = run(image, folder / "one.npy", "--clip", "--steps", 20)
    assert np.array_equal(one["spikes.out"][0], outputs["spikes.out"][0])
    np.save(folder / "objects.npy", np.array(samples[:2], dtype=object), allow_pickle=True)
    text = spikeloom("run", image, "--input", folder / "objects.npy", code=2)
    assert "Python objects" in text, text


def heidelberg():
    """SHD by its page: variable-length lists of float16 seconds and of uint16 units, labels, and extras."""
    random = np.random.default_rng(2)
    counts = [300, 0, 150]
    # The chip of this test is small, so the cochlea has 70 channels instead of 700.
    times = [np.sort(random.uniform(0, 1, n)).astype(np.float16) for n in counts]
    units = [random.integers(0, 70, n).astype(np.uint16) for n in counts]
    with h5py.File(folder / "shd.h5", "w") as file:
        for name, kind, lists in (("times", np.float16, times), ("units", np.uint16, units)):
            data = file.create_dataset(f"spikes/{name}", (3,), dtype=h5py.vlen_dtype(kind))
            for n, values in enumerate(lists):
                data[n] = values
        file["labels"] = np.array([3, 19, 0], np.uint16)
        file["extra/keys"] = [b"null", b"eins"]
    report, outputs, _ = run(
        network("shd", 70, [70]), folder / "shd.h5", "--frame", 10, "--steps", 101, "--clip"
    )
    assert report["samples"] == 3 and report["correct"] is not None
    assert list(outputs["labels"]) == [3, 19, 0]
    for n in range(3):
        frames = np.zeros((101, 70), np.uint8)
        frames[(times[n].astype(np.float64) * 1e6).astype(int) // 10_000, units[n]] = 1
        assert np.array_equal(outputs["spikes.out"][n], frames), f"sample {n}"


def labels_of_steps():
    """The decision after each step, laid beside a label a step; -1 is none."""
    image = network("steps", 3, [3])
    spikes = np.zeros((2, 4, 3), np.uint8)
    spikes[0, :, 1] = 1
    spikes[1, 0, 0] = spikes[1, 1:, 2] = 1
    labels = np.array([[1, 1, 1, -1], [0, 0, 2, 2]])
    np.savez(folder / "steps.npz", spikes=spikes, labels=labels)
    report, outputs, text = run(image, folder / "steps.npz")
    # Sample 1 by counts: 0, then a tie of 0 and 2 (the lowest index), then 2.
    assert outputs["step_predictions"].tolist() == [[1, 1, 1, 1], [0, 0, 2, 2]]
    assert report["steps_labelled"]["correct_by_step"] == [2, 2, 2, 1]
    assert report["steps_labelled"]["labelled_by_step"] == [2, 2, 2, 1]
    assert "accuracy per step 100.00 % (7 of 7 labelled steps); after step 0: 100.00 %" in text, text
    assert report["accuracy"] is None
    report, outputs, text = run(image, folder / "steps.npz", "--decide", "last")
    assert outputs["step_predictions"].tolist() == [[1, 1, 1, 1], [0, 2, 2, 2]]
    assert "accuracy per step 85.71 % (6 of 7 labelled steps)" in text, text
    np.savez(folder / "steps.npz", spikes=spikes, labels=labels + 2)
    _, _, text = run(image, folder / "steps.npz")
    assert (
        "5 labels of steps are no class of the first output, which has 0 to 2; they count as wrong" in text
    ), text


def notes_everywhere():
    """What is strange about data is noted for every application of a run, and where it calibrates."""
    image = network("noted", 3, [3])
    (folder / "back.csv").write_text("t,index\n1,0\n0,1\n5,2\n")
    said = "times go back: 1 event in 1 recording (the first: event 1 of back.csv)"
    assert f"note: {said}" in spikeloom("run", image, "--input", folder / "back.csv")
    (folder / "fine.csv").write_text("t,index\n" + "".join(f"{t},0\n" for t in range(40)))
    text = spikeloom("run", image, "--input", folder / "fine.csv")
    assert said not in text
    text = spikeloom(
        "run",
        image,
        "--input",
        folder / "fine.csv",
        "--admit",
        f"late={image}@4",
        "--input-of",
        f"late={folder}/back.csv",
    )
    assert text.count(f"note: {said}") == 1, text
    text = spikeloom(
        "compile",
        folder / "noted.json",
        "--chip",
        chip,
        "-o",
        folder / "n.loom",
        "--calibrate",
        folder / "back.csv",
    )
    assert f"note: calibration data: {said}" in text, text


structured_arrays()
heidelberg()
labels_of_steps()
notes_everywhere()
print("all as written")

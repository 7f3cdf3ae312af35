#!/usr/bin/env python3
"""Proves a module's properties by induction: yosys writes the model, yosys-smtbmc (or yosys' sat) asks the
solver.

usage: prove.py NAME --root DIR --package FILE [--proofs FILE.toml] [--fault] [--solver cvc4]

A proof is a harness NAME.sv and an entry below, or in FILE.toml, beside which its harness stands (a core's
proofs). `probes` connects wires of the harness to state inside the
module, so that an invariant can speak of it; `granted` takes the modules' own checks for granted: they are
about their users. Both the base case (from reset) and the induction step must hold. With --fault the named
fault is put into a copy of the source first, and the proof must FAIL: a check that cannot fail proves
nothing. Exit code 0: as expected.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import tomllib

# Counters beside counters are seconds here and minutes for an SMT solver.
SAT = "sat -tempinduct -prove-asserts -set-assumes -verify -maxsteps 3 -timeout 200"
RAM = "rtl/common/ram_sdp.sv"
EXIT_REGISTERS = (
    "valid drops mine first sinks last_sink last_channel neurons margin whole end ends_sample to_step "
    "to_value deciding read ends_of best next apart ahead"
).split()
PROOFS = {
    "fifo": {
        "files": [RAM, "rtl/host_port/ram_fifo.sv"],
        "probes": {
            "level": "u_dut.level",
            "read_pointer": "u_dut.read_q",
            "head_valid": "u_dut.head_valid_q",
            "middle_valid": "u_dut.middle_valid_q",
            "middle": "u_dut.u_words.read_data_o",
            **{f"memory{i}": f"u_dut.u_words.memory[{i}]" for i in range(4)},
        },
        # the fetch forgets that the middle word has not moved on
        "fault": ("rtl/host_port/ram_fifo.sv", "level != '0 && (!middle_valid_q || to_head)", "level != '0"),
    },
    "skid": {
        "files": ["rtl/host_port/skid.sv"],
        "probes": {
            "head_valid": "u_dut.head_valid_q",
            "next_valid": "u_dut.next_valid_q",
            "next_word": "u_dut.next_q",
        },
        # a word that comes while the second place is taken is accepted and lost
        "fault": ("rtl/host_port/skid.sv", "assign in_ready_o = !next_valid_q;", "assign in_ready_o = 1'b1;"),
    },
    "router": {
        "files": [RAM, "rtl/noc/wheel_table.sv", "rtl/noc/router.sv"],
        "probes": {"route": "u_dut.route"},
        # one selector takes its neighbour's input: a flit is duplicated, another lost
        "fault": (
            "rtl/noc/router.sv",
            "3'd3: flit_d = in_i[2*Width+:Width];",
            "3'd3: flit_d = in_i[3*Width+:Width];",
        ),
    },
    "ring": {
        "files": ["rtl/node/ring_stop.sv"],
        "depth": "6",  # as long as a word's way through the stop, and the checks' own register
        "probes": {},
        # a read for this node goes on as a read beside its answer's place
        "fault": (
            "rtl/node/ring_stop.sv",
            "valid1_q <= valid0_q && !write_o;",
            "valid1_q <= valid0_q && !mine;",
        ),
    },
    "credits": {
        "files": ["rtl/node/credit_counters.sv", "rtl/node/credit_sender.sv"],
        "probes": {
            "credits": "u_source.count_q",
            "counter_valid": "u_source.valid_q",
            "counter_channel": "u_source.channel_q",
            "freed": "u_sink.freed_q[0]",
            "given": "u_sink.sent_q[0]",
        },
        # a credit that is taken and given in one cycle is taken only
        "fault": (
            "rtl/node/credit_counters.sv",
            "if ((take_i && match[c]) != give[c])",
            "if (give[c] || (take_i && match[c]))",
        ),
    },
    "sharing": {
        "files": ["rtl/node/credit_counters.sv", "rtl/host_port/host_source.sv"],
        "granted": True,
        "probes": {
            wire.format(s): f"gen_source[{s}].u_dut.{inside}"
            for s in (0, 1)
            for wire, inside in {
                "owner{}": "gen_owner.owner_q",
                "x_valid{}": "x_valid_q",
                "x_channel{}": "x_channel_q",
                "sending{}": "sending_q",
                "counter_valid{}": "u_credits.valid_q",
                "counter_channel{}": "u_credits.channel_q",
                "count{}": "u_credits.count_q",
                **{f"table{{}}_{i}": f"gen_owner.owner_of[{i}]" for i in range(4)},
            }.items()
        },
        # a step of one application lets another's channel start without its credits
        "fault": (
            "rtl/host_port/host_source.sv",
            "assign sending = (owner & sending_q) != '0;",
            "assign sending = sending_q != '0;",
        ),
    },
    "waits": {
        "files": ["rtl/host_port/host_waits.sv"],
        "granted": True,
        "probes": {
            f"count{s}_{sink}": f"gen_set[{s}].u_dut.gen_sink[{sink}].gen_count.count_q"
            for s in (0, 1)
            for sink in (0, 1)
        },
        # a token that arrives while another is taken is lost
        "fault": (
            "rtl/host_port/host_waits.sv",
            "if (arrives != leaves && !lost[s])",
            "if ((arrives || leaves) && !lost[s])",
        ),
    },
    "exit": {
        "files": ["rtl/host_port/host_exit.sv"],
        "granted": True,
        "probes": {
            wire: f"gen_unit[{u}].u_dut.{inside}"
            for u in (0, 1)
            for wire, inside in {
                **{f"{name}{u}": f"{name}_q" for name in EXIT_REGISTERS},
                **{
                    f"{name}{u}_{i}": f"gen_sink[{i}].{name}_q"
                    for name in ("held", "step", "neuron", "value")
                    for i in (0, 1)
                },
                **{
                    f"{name}{u}_{i}": f"gen_step[{i}].{name}_q"
                    for name in ("best", "next", "count", "ends")
                    for i in (0, 1)
                },
            }.items()
        },
        # another application's WAIT has the unit decide
        "fault": (
            "rtl/host_port/host_exit.sv",
            "if (waited_i[a] && mine_q[a] &&",
            "if (waited_i[a] &&",
        ),
    },
    "registers": {
        "files": ["rtl/shell/axi_lite_registers.sv"],
        "probes": {
            "has_address": "u_dut.write_address_q",
            "has_data": "u_dut.write_data_q",
            "done_inside": "u_dut.done_q",
        },
        # a "done" that comes in the clock of a read is lost
        "fault": (
            "rtl/shell/axi_lite_registers.sv",
            "    if (done_i) begin\n      done_q <= 1'b1;",
            "    if (done_i && !read_control) begin\n      done_q <= 1'b1;",
        ),
    },
    "reader": {
        "files": [RAM, "rtl/host_port/ram_fifo.sv", "rtl/shell/axi_reader.sv"],
        "engine": "sat",
        "probes": {
            "reserved": "u_dut.reserved_q",
            "outstanding": "u_dut.outstanding_q",
            "remaining": "u_dut.remaining_q",
            "address": "u_dut.address_q",
            "level": "u_dut.u_words.level",
            "head_valid": "u_dut.u_words.head_valid_q",
            "middle_valid": "u_dut.u_words.middle_valid_q",
        },
        # a stopped run's words are asked for again in the clock in which the next one starts
        "fault": ("rtl/shell/axi_reader.sv", "if (stop_i) remaining_q <= '0;", ""),
    },
    "writer": {
        "files": [RAM, "rtl/host_port/ram_fifo.sv", "rtl/shell/axi_writer.sv"],
        "engine": "sat",
        "probes": {
            "stored": "u_dut.stored_q",
            "pending": "u_dut.pending_q",
            "beats": "u_dut.beats_q",
            "burst": "u_dut.burst_q",
            "address": "u_dut.address_q",
            "level": "u_dut.u_words.level",
            "head_valid": "u_dut.u_words.head_valid_q",
            "middle_valid": "u_dut.u_words.middle_valid_q",
        },
        # a burst may begin at the last words of a page with more than they are
        "fault": (
            "rtl/shell/axi_writer.sv",
            "assign limit = to_edge < 10'(Burst) ? CountBits'(to_edge) : CountBits'(Burst);",
            "assign limit = CountBits'(Burst);",
        ),
    },
}


def run(command, where):
    done = subprocess.run(command, cwd=where, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def report(arguments, held, log, how):
    if held == arguments.fault:
        print(log)
        sys.exit(f"{arguments.name}: " + ("the fault was not found" if held else "NOT proved"))
    print(f"{arguments.name}: " + ("the fault was found" if arguments.fault else "proved") + f" ({how})")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name")
    parser.add_argument("--root", type=pathlib.Path, required=True, help="the project")
    parser.add_argument("--package", type=pathlib.Path, required=True, help="the generated spikeloom_pkg.sv")
    parser.add_argument("--proofs", type=pathlib.Path, help="proofs in place of those of this file")
    parser.add_argument("--fault", action="store_true", help="put the proof's fault in; the proof must fail")
    parser.add_argument("--solver", default="cvc4")
    arguments = parser.parse_args()
    arguments.root = arguments.root.resolve()
    package = arguments.package.resolve()
    proofs, harnesses = PROOFS, pathlib.Path(__file__).parent
    if arguments.proofs:
        proofs = tomllib.loads(arguments.proofs.read_text(encoding="utf-8"))
        harnesses = arguments.proofs.parent
    if arguments.name not in proofs:
        parser.error(f"{arguments.name}: expected one of {', '.join(sorted(proofs))}")
    proof = proofs[arguments.name]
    top = f"prove_{arguments.name}"
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        files = []
        for name in proof["files"]:
            text = (arguments.root / name).read_text()
            if arguments.fault and name == proof["fault"][0]:
                if proof["fault"][1] not in text:
                    sys.exit(f"{name}: the line that the fault changes is gone")
                text = text.replace(proof["fault"][1], proof["fault"][2])
            if proof.get("granted"):
                text = text.replace("`SPIKELOOM_CHECK(", "`SPIKELOOM_ASSUME(")
            copy = place / pathlib.Path(name).name
            copy.write_text(text)
            files.append(str(copy))
        script = [
            f"read_verilog -formal -sv -I{arguments.root} -I{package.parent} {package} {' '.join(files)} "
            f"{(harnesses / (arguments.name + '.sv')).resolve()}",
            f"hierarchy -check -top {top}",
            "proc",
            "flatten",
            "memory -nomap",
            "memory_map -formal",
            "opt_clean",
        ]
        for wire, inside in proof["probes"].items():
            script.append(f"connect -nounset -set \\{wire} \\{inside}")
        script += ["setundef -anyseq -undriven", "opt -keepdc -fast", "dffunmap", "check"]
        if proof.get("engine") == "sat":  # the same two questions to yosys' own solver, in one go
            (place / "model.ys").write_text("\n".join(script + [SAT]) + "\n")
            code, log = run(["yosys", "model.ys"], place)
            if code != 0 and "proof did fail" not in log:
                sys.exit(log)
            held = code == 0 and "Induction step proven: SUCCESS!" in log
            report(arguments, held, log, "yosys sat")
            return
        script.append("write_smt2 -wires model.smt2")
        (place / "model.ys").write_text("\n".join(script) + "\n")
        code, log = run(["yosys", "-q", "model.ys"], place)
        if code != 0:
            sys.exit(log)
        solve = ["yosys-smtbmc", "-s", arguments.solver, "-t"]
        base, base_log = run(solve + [str(int(proof.get("depth", "2")) + 1), "model.smt2"], place)
        step, step_log = run(solve + [proof.get("depth", "2"), "-i", "model.smt2"], place)
        report(
            arguments,
            base == 0 and step == 0,
            log + base_log + step_log,
            f"base case {'holds' if base == 0 else 'fails'}, "
            f"induction step {'holds' if step == 0 else 'fails'}",
        )


if __name__ == "__main__":
    main()

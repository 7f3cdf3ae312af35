# Stands in for Vitis HLS: checks every file that the script names, runs the g++ test bench as csim, writes
# reports of the shape that UG1399 describes. FAKE_HLS says what goes wrong: slow_loop, much_lut, late,
# cosim_fails, no_loop.
set fake [expr {[info exists env(FAKE_HLS)] ? $env(FAKE_HLS) : ""}]
proc must_exist {path} { if {![file exists $path]} { puts stderr "no such file: $path"; exit 1 } }
proc open_project {args} { file mkdir project }
proc open_solution {args} { file mkdir project/solution/syn/report project/solution/sim/report }
proc set_top {name} { set ::top $name }
proc add_files {args} {
  set tb [expr {[lindex $args 0] eq "-tb"}]
  must_exist [lindex $args $tb]
  set flags [lindex $args [expr {$tb + 2}]]
  foreach folder [regexp -all -inline -- {-I\S+} $flags] { must_exist [string range $folder 2 end] }
}
proc set_part {part} {}
proc create_clock {args} {}
proc csim_design {args} {
  if {[lindex $args 0] ne "-argv"} { exit 1 }
  must_exist [lindex $args 1]
  exec $::env(FAKE_HLS_TESTBENCHES)/hls_testbench_[string range $::top 10 end] [lindex $args 1]
}
proc write {path text} { set out [open $path w]; puts $out $text; close $out }
proc csynth_design {} {
  array set loops {
    spikeloom_crossbar {FIND WALK ACCUMULATE LOAD}
    spikeloom_lif {UPDATE LOAD STORE}
    spikeloom_systolic {FOLDS ARRAY LOAD STORE}
  }
  set number 0
  foreach loop $loops($::top) {
    set ii [expr {$::fake eq "slow_loop" && $number == 0 ? 2 : 1}]
    if {$::fake eq "no_loop" && $number == 0} { incr number; continue }
    # Vitis names a nest after all its loops.
    set name [expr {$number == 1 ? "STEPS_$loop" : $loop}]
    set loop_report "<$name><Name>$name</Name><PipelineII>$ii</PipelineII></$name>"
    set latency "<SummaryOfLoopLatency>$loop_report</SummaryOfLoopLatency>"
    write project/solution/syn/report/part${number}_csynth.xml \
        "<profile><PerformanceEstimates>$latency</PerformanceEstimates></profile>"
    incr number
  }
  set lut [expr {$::fake eq "much_lut" ? 9999999 : 1000}]
  set resources "<BRAM_18K>3</BRAM_18K><DSP>0</DSP><FF>10</FF><LUT>$lut</LUT>"
  write project/solution/syn/report/${::top}_csynth.xml \
      "<profile><AreaEstimates><Resources>$resources</Resources></AreaEstimates></profile>"
}
proc cosim_design {args} {
  set cycles [expr {$::fake eq "late" ? 99999999 : 500}]
  set status [expr {$::fake eq "cosim_fails" ? "Fail" : "Pass"}]
  set lines [list "+---+" \
      "|   RTL    | Status | min | avg | max |" \
      "|      VHDL|      NA|   NA|   NA|   NA|" \
      "|   Verilog|    $status|   400|   450|   $cycles|   NA|   NA|   NA|"]
  write project/solution/sim/report/${::top}_cosim.rpt [join $lines "\n"]
}
if {[lindex $argv 0] ne "-f"} { exit 1 }
source [lindex $argv 1]

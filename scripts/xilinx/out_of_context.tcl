# Places and routes the kernel alone, for its size and clock. Writes utilization.rpt and timing.rpt into
# OUT/ooc; ends with 1 if the clock is not met.
# usage: vivado -mode batch -source out_of_context.tcl -tclargs SETTINGS.tcl
source [lindex $argv 0]
set folder [file join $out ooc]
file mkdir $folder
read_verilog -sv $sources
read_xdc -mode out_of_context $timing
synth_design -top $top -part $part -mode out_of_context
# The card's clock in place of the constraint file's, which is the fastest card's.
create_clock -name ap_clk -period [expr {1000.0 / $clock_mhz}] [get_ports ap_clk]
opt_design
place_design
phys_opt_design
route_design
report_utilization -hierarchical -file [file join $folder utilization.rpt]
report_timing_summary -file [file join $folder timing.rpt]
set slack [get_property SLACK [get_timing_paths -delay_type max]]
puts "spikeloom: $clock_mhz MHz asked for, worst slack $slack ns"
if {$slack < 0} { exit 1 }

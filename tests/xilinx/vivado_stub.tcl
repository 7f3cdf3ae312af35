# Stands in for Vivado: usage: tclsh vivado_stub.tcl -mode batch -notrace -source SCRIPT -tclargs ARGUMENT ...
# Knows the commands that our scripts use, and no others; checks that every file they name exists; logs each
# call to $env(VIVADO_STUB_LOG). A command that is unknown or a file that is absent ends with 1.
proc log {args} { set out [open $::env(VIVADO_STUB_LOG) a]; puts $out $args; close $out }
proc must_exist {paths} {
  foreach path $paths { if {![file exists $path]} { puts stderr "vivado stub: no such file: $path"; exit 1 } }
}
foreach name {create_project update_compile_order close_project get_files current_fileset opt_design
    place_design phys_opt_design route_design synth_design report_utilization report_timing_summary
    create_clock set_input_delay set_output_delay ipx::associate_bus_interfaces ipx::create_xgui_files
    ipx::update_checksums ipx::check_integrity ipx::save_core ipx::remove_user_parameter get_ports} {
  namespace eval [expr {[namespace qualifiers $name] eq "" ? "::" : [namespace qualifiers $name]}] {}
  proc $name {args} [list apply {{name} { upvar args args; log $name {*}$args; return $name }} $name]
}
proc set_property {args} {
  log set_property {*}$args
  if {[llength $args] < 3} {
    puts stderr "vivado stub: set_property $args: expected a name, a value and objects"
    exit 1
  }
}
proc add_files {args} {
  log add_files {*}$args
  must_exist [lindex $args end]
}
proc read_verilog {args} { log read_verilog {*}$args; must_exist [lindex $args end] }
proc read_xdc {args} { log read_xdc {*}$args; must_exist [lindex $args end]; source [lindex $args end] }
proc get_timing_paths {args} { return path }
proc get_property {name object} {
  if {$name eq "SLACK"} {
    return [expr {[info exists ::env(VIVADO_STUB_SLACK)] ? $::env(VIVADO_STUB_SLACK) : 0.1}]
  }
  return $object
}
proc ipx::package_project {args} {
  log ipx::package_project {*}$args
  file mkdir [lindex $args [expr {[lsearch $args -root_dir] + 1}]]
}
proc ipx::current_core {} { return core }
proc ipx::get_user_parameters {args} { return {Width Lanes} }
proc package_xo {args} {
  log package_xo {*}$args
  must_exist [list [lindex $args [expr {[lsearch $args -ip_directory] + 1}]] \
      [lindex $args [expr {[lsearch $args -kernel_xml] + 1}]]]
  close [open [lindex $args [expr {[lsearch $args -xo_path] + 1}]] w]
}
set script [lindex $argv [expr {[lsearch $argv -source] + 1}]]
set argv [lrange $argv [expr {[lsearch $argv -tclargs] + 1}] end]
must_exist [list $script]
if {[catch {source $script} message]} { puts stderr "vivado stub: $message"; exit 1 }

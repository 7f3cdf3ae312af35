# Packages the staged kernel as a .xo. usage: vivado -mode batch -source gen_xo.tcl -tclargs SETTINGS.tcl
# SETTINGS.tcl is card.py's: top, part, out, kernel_xml, timing, clock_mhz, sources, xo.
source [lindex $argv 0]
source [file join [file dirname [info script]] package_kernel.tcl]

set packaged [file join $out packaged]
package_kernel $top $part $sources $timing $packaged [file join $out package_project]
package_xo -force -xo_path $xo -kernel_name $top -ip_directory $packaged -kernel_xml $kernel_xml

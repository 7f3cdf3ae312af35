# The staged sources as an IP that Vitis takes for an RTL kernel (UG1393, "Packaging RTL kernels"): bus
# interfaces inferred from the port names, both on ap_clk; registers and arguments come from kernel.xml.
# Parameters are the defaults in the staged top, so the IP has none to set.
proc package_kernel {top part sources timing packaged project} {
  file delete -force $packaged $project
  create_project -force package $project -part $part
  add_files -norecurse $sources
  set_property file_type SystemVerilog [get_files *.sv]
  add_files -norecurse -fileset constrs_1 $timing
  set_property USED_IN {synthesis out_of_context} [get_files [file tail $timing]]
  set_property top $top [current_fileset]
  update_compile_order -fileset sources_1

  ipx::package_project -root_dir $packaged -vendor spikeloom -library kernel -name $top -version 1.0 \
    -taxonomy /KernelIP -import_files -set_current true
  set core [ipx::current_core]
  foreach parameter [ipx::get_user_parameters -of_objects $core] {
    ipx::remove_user_parameter [get_property NAME $parameter] $core
  }
  ipx::associate_bus_interfaces -busif s_axi_control -clock ap_clk $core
  ipx::associate_bus_interfaces -busif m_axi_gmem -clock ap_clk $core
  ipx::associate_bus_interfaces -clock ap_clk -reset ap_rst_n $core
  set_property sdx_kernel true $core
  set_property sdx_kernel_type rtl $core
  set_property supported_families {} $core
  set_property auto_family_support_level level_2 $core
  set_property core_revision 1 $core
  ipx::create_xgui_files $core
  ipx::update_checksums $core
  ipx::check_integrity -kernel $core
  ipx::save_core $core
  close_project -delete
}

# Hints for cards of several dies: rows of tiles from the die with the memory outwards, shell and host port
# with the memory. Sourced before placement, from the file that card.py writes: rows (of the mesh), slrs,
# home_slr. Hints are soft: the placer may cross a die where it must. Only neighbours on the mesh and the ring
# cross, all through registers.

# The dies, nearest to home first; equally near ones in the card's order.
proc dies_from_home {slrs home_slr} {
  set home [lsearch -exact $slrs $home_slr]
  set ranked {}
  for {set n 0} {$n < [llength $slrs]} {incr n} {
    lappend ranked [list [expr {abs($n - $home)}] [lindex $slrs $n]]
  }
  set dies {}
  foreach item [lsort -integer -index 0 $ranked] { lappend dies [lindex $item 1] }
  return $dies
}

# Row y of the mesh: as many rows on every die as divide evenly.
proc die_of_row {y rows dies} {
  return [lindex $dies [expr {$y * [llength $dies] / $rows}]]
}

proc assign_die {pattern die} {
  set cells [get_cells -quiet -hierarchical -filter "NAME =~ $pattern"]
  if {[llength $cells] == 0} {
    puts "spikeloom: floorplan: no cell $pattern; the hint is left out"
    return
  }
  set_property USER_SLR_ASSIGNMENT $die $cells
}

if {[llength $slrs] > 1} {
  set dies [dies_from_home $slrs $home_slr]
  foreach part {u_registers u_reader u_writer u_chip/u_host} { assign_die "*/$part" $home_slr }
  for {set y 0} {$y < $rows} {incr y} {
    assign_die "*u_chip/gen_row\\\[$y\\\].gen_tile*u_node" [die_of_row $y $rows $dies]
  }
}

# XRT and OpenCL, where they are: SPIKELOOM_WITH_XRT, SPIKELOOM_WITH_OPENCL = AUTO | ON | OFF; targets
# spikeloom_xrt_library and spikeloom_opencl_library. XILINX_XRT (variable or environment) names AMD's
# installation, else /usr is looked in: Debian's libxrt-dev has no XRTConfig.cmake and a wrong xrt.pc.

set(SPIKELOOM_WITH_XRT AUTO CACHE STRING "the xrt device: AUTO, ON or OFF")
set(SPIKELOOM_WITH_OPENCL AUTO CACHE STRING "the opencl device on cards: AUTO, ON or OFF")

function(spikeloom_card_library name option what)
  cmake_parse_arguments(ARG "" "" "FOUND;INCLUDE;LIBRARIES" ${ARGN})
  if(${option} STREQUAL "OFF")
    message(STATUS "${what}: left out (${option}=OFF)")
    return()
  endif()
  foreach(path IN LISTS ARG_INCLUDE ARG_LIBRARIES)
    if(NOT path)
      if(${option} STREQUAL "ON")
        message(FATAL_ERROR "${what}: not found, but ${option}=ON; scripts/setup.sh installs it")
      endif()
      message(STATUS "${what}: left out, not found")
      return()
    endif()
  endforeach()
  add_library(${name} INTERFACE)
  target_include_directories(${name} SYSTEM INTERFACE ${ARG_INCLUDE})
  target_link_libraries(${name} INTERFACE ${ARG_LIBRARIES})
  message(STATUS "${what}: ${ARG_LIBRARIES}")
endfunction()

find_path(SPIKELOOM_XRT_INCLUDE xrt/xrt_bo.h HINTS ${XILINX_XRT} $ENV{XILINX_XRT} PATH_SUFFIXES include xrt
  include/xrt)
find_library(SPIKELOOM_XRT_LIBRARY xrt_coreutil HINTS ${XILINX_XRT} $ENV{XILINX_XRT} PATH_SUFFIXES lib)
find_path(SPIKELOOM_UUID_INCLUDE uuid/uuid.h)
spikeloom_card_library(spikeloom_xrt_library SPIKELOOM_WITH_XRT "XRT"
  INCLUDE ${SPIKELOOM_XRT_INCLUDE} ${SPIKELOOM_UUID_INCLUDE} LIBRARIES ${SPIKELOOM_XRT_LIBRARY})

find_path(SPIKELOOM_OPENCL_INCLUDE CL/opencl.hpp)
find_library(SPIKELOOM_OPENCL_LIBRARY OpenCL)
spikeloom_card_library(spikeloom_opencl_library SPIKELOOM_WITH_OPENCL "OpenCL"
  INCLUDE ${SPIKELOOM_OPENCL_INCLUDE} LIBRARIES ${SPIKELOOM_OPENCL_LIBRARY})

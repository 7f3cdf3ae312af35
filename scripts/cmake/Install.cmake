# What an installation holds, and the same layout in the build folder, so that one look-up at run time serves
# both (compiler/base/resources.cpp):
#   bin/spikeloom  lib/libspikeloom.so  libexec/spikeloom/  share/spikeloom/{chips,rtl,generated,host/device}
include(GNUInstallDirs)
set(SPIKELOOM_PROGRAMS ${PROJECT_BINARY_DIR}/libexec/spikeloom)
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
# Everything that `cmake --install` copies; whoever installs a target adds it here.
add_custom_target(installation)

# spikeloom_resources(FOLDER FILES a ...) puts files of this folder into share/spikeloom/FOLDER;
# spikeloom_resources(FOLDER DIRECTORY path PATTERNS *.sv ...) a whole folder, its matching files installed.
function(spikeloom_resources folder)
  cmake_parse_arguments(ARG "" "DIRECTORY" "FILES;PATTERNS" ${ARGN})
  set(staged ${PROJECT_BINARY_DIR}/share/spikeloom/${folder})
  get_filename_component(parent ${staged} DIRECTORY)
  if(ARG_DIRECTORY)
    file(MAKE_DIRECTORY ${parent})
    file(CREATE_LINK ${ARG_DIRECTORY} ${staged} SYMBOLIC)
    list(TRANSFORM ARG_PATTERNS PREPEND "PATTERN;")
    install(DIRECTORY ${ARG_DIRECTORY}/ DESTINATION share/spikeloom/${folder} FILES_MATCHING ${ARG_PATTERNS})
    return()
  endif()
  file(MAKE_DIRECTORY ${staged})
  foreach(name IN LISTS ARG_FILES)
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${name} ${staged}/${name} SYMBOLIC)
  endforeach()
  install(FILES ${ARG_FILES} DESTINATION share/spikeloom/${folder})
endfunction()

spikeloom_resources(rtl DIRECTORY ${PROJECT_SOURCE_DIR}/rtl PATTERNS *.sv *.svh *.toml)
spikeloom_resources(generated DIRECTORY ${PROJECT_BINARY_DIR}/generated PATTERNS *.sv *.svh)
spikeloom_resources(chips DIRECTORY ${PROJECT_SOURCE_DIR}/chips PATTERNS *.toml README.md)
# As in the source tree, so that links between the pages hold.
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN __pycache__ EXCLUDE)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
